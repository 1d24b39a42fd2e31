package followup

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Table is the table of follow-up events.
const Table = "RiskFollowUp"

// followUp is a follow-up event that some sink still needs.
type followUp struct {
	At      time.Time       `json:"at"` // when it was made; no two have the same
	ID      string          `json:"id"`
	Follows string          `json:"follows"`
	Row     json.RawMessage `json:"row"`
	Tags    []enrich.Tag    `json:"tags"`
}

// row are the columns of a follow-up event.
type row struct {
	Type                 string
	TimeGenerated        time.Time
	TenantID             string            `json:"TenantId,omitempty"`
	CorrelationID        string            `json:"CorrelationId,omitempty"`
	OperationName        string            `json:",omitempty"`
	FollowsEventID       string            `json:"FollowsEventId"`
	FollowsTable         string            `json:"FollowsTable"`
	FollowsTimeGenerated *time.Time        `json:",omitempty"`
	Verdicts             map[string]string `json:"Verdicts"`
}

// newFollowUp makes the follow-up event that says that the matches became true of e.
func newFollowUp(q *question, e *enrich.Event, matches []enrich.Tag, at time.Time) (*followUp, error) {
	r := row{
		Type: Table, TimeGenerated: at.UTC(), TenantID: e.Text("TenantId"),
		FollowsEventID: q.ID, FollowsTable: q.Table, Verdicts: map[string]string{},
	}
	if !e.Time.IsZero() {
		r.FollowsTimeGenerated = &e.Time
	}
	if t, known := schema.Lookup(q.Table); known {
		r.CorrelationID, r.OperationName = e.Text(t.CorrelationColumn), e.Text(t.OperationColumn)
	}
	for _, host := range q.Hosts {
		r.Verdicts[host] = "unknown"
	}
	maps.Copy(r.Verdicts, q.Verdicts)
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the follow-up of event %s: %w", q.ID, err)
	}
	return &followUp{At: at, ID: idOf(q, matches), Follows: q.ID, Row: text, Tags: matches}, nil
}

// idOf is 32 hexadecimal digits that depend on the original's id, the rules that match now and the verdicts alone, so that
// a follow-up that is made again after a crash is the same event.
func idOf(q *question, matches []enrich.Tag) string {
	var rules, verdicts []string
	for _, m := range matches {
		rules = append(rules, m.Rule)
	}
	for host, v := range q.Verdicts {
		verdicts = append(verdicts, host+"="+v)
	}
	slices.Sort(rules)
	slices.Sort(verdicts)
	var all []byte
	for _, part := range slices.Concat([]string{q.ID}, rules, []string{""}, verdicts) {
		all = append(binary.AppendUvarint(all, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:16])
}

// event is the follow-up as it goes to sinks. Each call makes another one, with a risk of its own.
func (f *followUp) event(parser *enrich.ObjectParser) (enrich.Event, error) {
	_, _, row, err := parser.Parse(slices.Clone(f.Row))
	if err != nil {
		return enrich.Event{}, fmt.Errorf("read follow-up %s again: %w", f.ID, err)
	}
	e := enrich.NewEvent(Table, row)
	e.ID = f.ID
	e.Risk.Follows = f.Follows
	e.Risk.Add("", f.Tags) // they are matches, so no module is named
	return e, nil
}
