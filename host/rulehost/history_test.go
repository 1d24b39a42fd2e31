package rulehost

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// pastRows is a source with a row at each hour. It refuses windows of more than a quarter of a day.
type pastRows struct {
	windows []string
	fails   int // how many more times
}

func (p *pastRows) Read(_ context.Context, w pipeline.Window, _ pipeline.Mark, deliver func(pipeline.Batch) error) error {
	if w.To.Sub(w.From) > 6*time.Hour {
		return pipeline.ErrTooLarge
	}
	if p.fails > 0 {
		p.fails--
		return errors.New("the line is down")
	}
	p.windows = append(p.windows, w.From.Format("02T15")+"/"+w.To.Format("02T15"))
	parser := enrich.NewObjectParser(schema.TypeOf)
	var batch pipeline.Batch
	for at := w.From; at.Before(w.To); at = at.Add(time.Hour) {
		_, _, row, err := parser.Parse(fmt.Appendf(nil, `{"Type":"AuditLogs","TimeGenerated":%q,"OperationName":"old"}`, at.Format(time.RFC3339)))
		if err != nil {
			return err
		}
		batch.Events = append(batch.Events, enrich.NewEvent("AuditLogs", row))
	}
	return deliver(batch)
}

// standing is a ledger in which all streams are at one place.
type standing struct{ frontier time.Time }

func (s *standing) Open(string) (pipeline.Record, error) { return s, nil }

func (s *standing) State() *pipeline.State { return &pipeline.State{Frontier: s.frontier} }

func (*standing) Update(func(*pipeline.State) error) error { return errors.New("nobody writes here") }

// narrowRows are past rows of a source that can leave some out.
type narrowRows struct {
	pastRows
	filters []enrich.Filter
}

func (n *narrowRows) Narrowed(f enrich.Filter) pipeline.Source {
	n.filters = append(n.filters, f)
	return &n.pastRows
}

const rememberingRule = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: p, version: 1.0.0}
rules:
  - {id: a.b, title: t, tables: [AuditLogs], when: 'event.operation != ""', severity: high, first_seen: {key: [event.operation], window: 12h, else: {severity: low}}}
`

func TestHistory(t *testing.T) {
	module := celrule.New()
	configure := func(pack string) {
		t.Helper()
		if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(pack)}}}); err != nil {
			t.Fatal(err)
		}
	}
	configure(rememberingRule)
	start := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	plan := func(context.Context, time.Time) (pipeline.Window, time.Duration, bool, error) {
		return pipeline.Window{From: start, To: start.Add(time.Minute)}, 0, true, nil
	}
	source := &pastRows{}
	streams := []pipeline.Stream{
		{Name: "la:w:AuditLogs", Table: "AuditLogs", Source: source, Plan: plan},
		{Name: "la:w:SigninLogs", Table: "SigninLogs", Source: nil, Plan: plan}, // no rule remembers anything of it
	}
	log, hook := test.NewNullLogger()
	place := &standing{}
	h := newHistory(module, ledgertest.New(), place, log)
	show := func() []string {
		t.Helper()
		source.windows = nil
		synctest.Test(t, func(t *testing.T) { h.show(t.Context(), streams) })
		return source.windows
	}
	if diff := cmp.Diff([]string{"02T00/02T06", "02T06/02T12"}, show()); diff != "" {
		t.Errorf("first start (-want +got):\n%s", diff)
	}
	_, _, row, _ := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type":"AuditLogs","TimeGenerated":"2026-03-02T13:00:00Z","OperationName":"old"}`))
	tags, err := module.Tag(t.Context(), []enrich.Event{enrich.NewEvent("AuditLogs", row)})
	if err != nil || len(tags[0]) != 1 || tags[0][0].Severity != enrich.Low {
		t.Errorf("what history holds is known: %+v, %v", tags, err)
	}
	if again := show(); again != nil {
		t.Errorf("second start reads %v", again)
	}
	configure(strings.Replace(rememberingRule, "12h", "18h", 1))
	source.fails = historyTries
	if got := show(); got != nil || hook.LastEntry().Level != logrus.WarnLevel {
		t.Errorf("a source that fails: read %v, logged %v", got, hook.LastEntry())
	}
	source.fails = historyTries - 1
	if got := show(); len(got) != 4 {
		t.Errorf("a longer window, after a failed start: %v", got)
	}
	place.frontier = start.Add(24 * time.Hour)
	configure(strings.Replace(rememberingRule, "12h", "24h", 1))
	if got := show(); len(got) != 4 || got[3] != "03T06/03T12" {
		t.Errorf("a stream that has been read for a day: %v", got)
	}
	configure(strings.Replace(rememberingRule, "a.b", "a.c", 1))
	if got := show(); len(got) != 2 {
		t.Errorf("another rule: %v", got)
	}
	configure(rememberingRule)
	if got := show(); len(got) != 2 {
		t.Errorf("a rule that had been gone: %v", got)
	}
}

// TestHistoryOfAReload shows past rows to a rule that is new while events flow, and asks only for those that can matter.
func TestHistoryOfAReload(t *testing.T) { synctest.Test(t, testHistoryOfAReload) }

func testHistoryOfAReload(t *testing.T) {
	module := celrule.New()
	log, hook := test.NewNullLogger()
	source := &narrowRows{}
	h := newHistory(module, ledgertest.New(), &standing{time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}, log)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.follow(ctx, []pipeline.Stream{{Name: "la:w:AuditLogs", Table: "AuditLogs", Source: source}})
	}()
	reload := func(when string) []string {
		t.Helper()
		source.windows, source.filters = nil, nil
		pack := strings.Replace(rememberingRule, `event.operation != ""`, when, 1)
		if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(pack)}}}); err != nil {
			t.Fatal(err)
		}
		h.again()
		h.again() // nobody waits
		synctest.Wait()
		return source.windows
	}
	if got := reload(`event.operation == "add owner - x"`); len(got) != 2 {
		t.Errorf("read %v", got)
	}
	want := []enrich.Filter{{{{{Column: "OperationName", Has: []string{"add", "owner", "x"}}}}}}
	if diff := cmp.Diff(want, source.filters); diff != "" {
		t.Errorf("filters (-want +got):\n%s", diff)
	}
	if got := reload(`event.operation == "x"`); got != nil {
		t.Errorf("a rule that has seen the past is shown it again: %v", got)
	}
	pack := strings.NewReplacer("a.b", "a.all").Replace(rememberingRule)
	if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(pack)}}}); err != nil {
		t.Fatal(err)
	}
	source.windows, source.filters = nil, nil
	h.again()
	synctest.Wait()
	if len(source.windows) != 2 || source.filters != nil {
		t.Errorf("a rule that needs all rows: read %v with the filters %v", source.windows, source.filters)
	}
	warned := false
	for _, e := range hook.AllEntries() {
		warned = warned || e.Level == logrus.WarnLevel && strings.HasPrefix(e.Message, "all past rows of the table are read")
	}
	if !warned {
		t.Error("nobody says that all rows are read")
	}
	stop()
	<-done
}
