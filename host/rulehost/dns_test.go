package rulehost

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestProgress checks that follow-ups count as confirmed only before the first window that some sink still needs.
func TestProgress(t *testing.T) {
	l := ledger.New(ledgertest.New())
	check := func(wantPlanned, wantConfirmed time.Time) {
		t.Helper()
		planned, confirmed, err := progress(l)
		if err != nil || !planned.Equal(wantPlanned) || !confirmed.Equal(wantConfirmed) {
			t.Errorf("planned to %v, confirmed to %v, %v", planned, confirmed, err)
		}
	}
	check(time.Time{}, time.Time{})
	const stream = "followups"
	record, err := l.Open(stream)
	if err != nil {
		t.Fatal(err)
	}
	at := func(minute int) time.Time { return time.Date(2026, 3, 3, 10, minute, 0, 0, time.UTC) }
	window := func(from int) pipeline.Window {
		return pipeline.Window{Stream: stream, From: at(from), To: at(from + 10)}
	}
	change := func(do func(*pipeline.State)) {
		t.Helper()
		if err := record.Update(func(s *pipeline.State) error { do(s); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(s *pipeline.State) {
		s.Begin(window(0), []string{"a", "b"})
		s.Begin(window(10), []string{"a", "b"})
	})
	check(at(20), at(0))
	change(func(s *pipeline.State) { s.Done(window(0), "a"); s.Done(window(0), "b"); s.Done(window(10), "a") })
	check(at(20), at(10))
	change(func(s *pipeline.State) { s.Done(window(10), "b") })
	check(at(20), at(20))
}

// TestRulesAskTheModule checks that rules get what the module knows, and that only rules which depend on it judge again.
func TestRulesAskTheModule(t *testing.T) {
	var calls atomic.Int64
	cel := celrule.New()
	m := dns.New(func(context.Context, string, string) (net.Conn, error) { calls.Add(1); return nil, net.ErrClosed })
	cel.AskVerdicts(func(host string) string { return m.Verdict(host).Word() })
	rules := `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: test, version: 1.0.0}
rules:
  - {id: test.dns, title: A, tables: [AuditLogs], when: context.dns("gone.example.com") == "unknown", severity: low}
  - {id: test.other, title: B, tables: [AuditLogs], when: event.OperationName == "x", severity: low}
`
	if err := cel.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(rules)}}}); err != nil {
		t.Fatal(err)
	}
	_, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"OperationName":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	events := []enrich.Event{enrich.NewEvent("AuditLogs", row)}
	if all, err := cel.Tag(t.Context(), events); err != nil || len(all[0]) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	tags, err := judge(cel)(t.Context(), events)
	if err != nil || len(tags) != 1 || len(tags[0]) != 1 || tags[0][0].Rule != "test.dns" || calls.Load() != 0 {
		t.Errorf("%v, %v, %d calls", tags, err, calls.Load())
	}
}
