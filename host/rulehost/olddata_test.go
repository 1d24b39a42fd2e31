package rulehost

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// oldRules remembers keys of each kind that a key can have: a text, a number, a truth value, several together.
const oldRules = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: old, version: 1.0.0}
rules:
  - {id: old.text, title: A text, tables: [SigninLogs], when: "true", severity: low, first_seen: {key: [event.actor.upn], window: 30d, else: {severity: info}}}
  - {id: old.number, title: A number, tables: [SigninLogs], when: "true", severity: low, first_seen: {key: ['int(event.ResultType)'], window: 30d, else: {severity: info}}}
  - {id: old.truth, title: A truth value, tables: [SigninLogs], when: "true", severity: low, first_seen: {key: [event.success], window: 30d, else: {severity: info}}}
  - {id: old.several, title: Several, tables: [SigninLogs], when: "true", severity: low, first_seen: {key: [event.actor.upn, event.actor.ip, event.success], window: 30d, else: {severity: info}}}
`

func oldRow(t *testing.T, at string) enrich.Event {
	t.Helper()
	row := `{"Type":"SigninLogs","TimeGenerated":"` + at + `","ResultType":"50126","UserPrincipalName":"Ännchen@Contoso.Example","IPAddress":"192.0.2.7","UserId":"u1"}`
	table, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(row))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.NewEvent(table, parsed)
}

// oldModule is the CEL module with oldRules, and what it remembers.
func oldModule(t *testing.T) (*celrule.Module, *celrule.Recent) {
	t.Helper()
	memory := celrule.NewRecent(100)
	module := celrule.NewRemembering(memory)
	if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "old.yaml", Data: []byte(oldRules)}}}); err != nil {
		t.Fatal(err)
	}
	return module, memory
}

// oldData is a copy of a data_dir that the version before celrule was cut into packages wrote: it tagged oldRow at 2026-11-01T10:00:00Z with oldRules, and
// confirmed a window of the stream la:ws:SigninLogs.
func oldData(t *testing.T) string {
	t.Helper()
	packed, err := os.Open("testdata/old-data.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ledger.db"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOldData reads what an older version wrote: keys that its rules saw are known, and its stream goes on where it was.
func TestOldData(t *testing.T) {
	store, err := boltstore.Open(oldData(t))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if aside := store.SetAside(); aside != "" {
		t.Fatalf("the store was taken for damaged and set aside as %s", aside)
	}
	streams, err := ledger.New(store).Streams()
	if err != nil {
		t.Fatal(err)
	}
	state := streams["la:ws:SigninLogs"]
	if state == nil || !state.Frontier.Equal(time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC)) || len(state.Open) != 1 {
		t.Fatalf("the stream is %+v", state)
	}
	if p := state.Open[0].Sinks["hec"]; p.Confirmed != 7 || p.Mark != "2026-11-01T10:01:00Z row-7" {
		t.Errorf("the window is %+v", state.Open[0])
	}
	knowsOldRow(t, store)
}

// knowsOldRow fails unless each of oldRules has seen the key of oldRow.
func knowsOldRow(t *testing.T, store ledger.Store) {
	t.Helper()
	module, memory := oldModule(t)
	if _, err := restoreSeen(memory, store, quietLog()); err != nil {
		t.Fatal(err)
	}
	tags, err := module.Tag(t.Context(), []enrich.Event{oldRow(t, "2026-11-02T10:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range tags[0] {
		if !slices.Contains(tag.Reasons, "seen before") {
			t.Errorf("%s has forgotten the key: %v %s", tag.Rule, tag.Reasons, tag.Error)
		}
	}
	if len(tags[0]) != 4 {
		t.Errorf("%d rules matched", len(tags[0]))
	}
}

// TestOldLedger reads on in what the version before the one interface of all stores wrote.
func TestOldLedger(t *testing.T) {
	dir := ledgertest.OldFile(t)
	store, err := boltstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if aside := store.SetAside(); aside != "" {
		t.Fatalf("the store was taken for damaged and set aside as %s", aside)
	}
	l, begin := ledger.New(store), time.Date(2026, 11, 1, 9, 30, 0, 0, time.UTC)
	window := pipeline.Window{Stream: "la:ws:AuditLogs", From: begin.Add(90 * time.Minute), To: begin.Add(2 * time.Hour)}
	record, err := l.Open(window.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := record.State().Sink(window, "hec"); !ok || at.Mark != "mark-3" || at.Confirmed != 3 || len(at.Tally) != 3 {
		t.Errorf("hec is at %+v", at)
	}
	if at := revision(t, store, window.Stream); at != 17 {
		t.Errorf("the record is at revision %d", at)
	}
	hasProof(t, l, window.Stream, begin, 3, 3)
	if err := record.Update(func(s *pipeline.State) error { s.Done(window, "hec"); return nil }); err != nil {
		t.Fatal(err)
	}
	if at := revision(t, store, window.Stream); at != 18 {
		t.Errorf("then the record is at revision %d", at)
	}
	hasProof(t, l, window.Stream, begin, 4, 3)
	hasProof(t, l, "la:ws:SigninLogs", begin, 3, 3)
	knowsOldRow(t, store)
	module, _ := oldModule(t)
	h := newHistory(module, store, l, quietLog())
	for name, want := range map[string]int{"la:ws:SigninLogs": 0, "la:other:SigninLogs": 4} {
		if rules, _, err := h.missing(pipeline.Stream{Name: name, Table: "SigninLogs"}); err != nil || len(rules) != want {
			t.Errorf("%s is to be shown to %d rules, want %d: %v", name, len(rules), want, err)
		}
	}
}

func revision(t *testing.T, store ledger.Store, stream string) uint64 {
	t.Helper()
	e, err := store.Get(ledger.Key{Bucket: ledger.Streams, Name: stream})
	if err != nil {
		t.Fatal(err)
	}
	return e.Revision
}

// hasProof fails unless so many windows of half an hour are proven by each sink, of three minutes each.
func hasProof(t *testing.T, l *ledger.Ledger, stream string, begin time.Time, hec, syslog int) {
	t.Helper()
	proof, err := l.Proof(stream, begin.Add(-time.Hour), begin.Add(10*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for sink, windows := range map[string]int{"hec": hec, "syslog": syslog} {
		var want []pipeline.Tally
		for i := range windows {
			for m := range int64(3) {
				want = append(want, pipeline.Tally{Minute: pipeline.MinuteOf(begin) + int64(30*i) + 10*m, Read: m + 1, Confirmed: m, Dead: 1})
			}
		}
		if !slices.Equal(proof[sink], want) {
			t.Errorf("%s of %s: %+v, want %+v", sink, stream, proof[sink], want)
		}
	}
}
