package main

import (
	"slices"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// sent are the events as a receiver gets them that is told to be QRadar, read by a strict reader of LEEF.
func sent(t *testing.T, events []enrich.Event) (records []syslogtest.Record) {
	t.Helper()
	var mu sync.Mutex
	server, err := syslogtest.Start(syslogtest.Config{LEEF: true, Refuse: func(message []byte) bool {
		record, err := syslogtest.ParseLEEF(message)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		records = append(records, record)
		return false
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := syslog.Defaults()
	c.Address, c.Network, c.Receiver, c.Format, c.Hostname, c.Grace = server.Addr, syslog.TCP, "qradar", syslog.LEEF, "relay01", 0
	sink, err := syslog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	if _, err := sink.Send(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := server.Events.Wait(t.Context(), len(events)); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return records
}

// TestQRadarProperties holds that each property has a key that is sent, that each key that is sent is a property or one that QRadar reads by
// itself, and that the types are those of its API.
func TestQRadarProperties(t *testing.T) {
	itself := []string{"cat", "devTime", "devTimeFormat", "sev", "src", "usrName", "eventFormat"} // the last tells nothing
	seen := map[string]bool{}
	for _, r := range sent(t, demo(t)) {
		for key := range r.Fields {
			seen[key] = true
		}
	}
	var keys, names []string
	for _, p := range properties() {
		if p.Key != "follows" && !seen[p.Key] { // follow-ups take a resolver, which the demo has none of
			t.Errorf("%s: no event has %s", p.Name, p.Key)
		}
		if slices.Contains(names, p.Name) || slices.Contains(keys, p.Key) || p.Description == "" || p.Type != "string" && p.Type != "numeric" {
			t.Errorf("%+v", p)
		}
		keys, names = append(keys, p.Key), append(names, p.Name)
	}
	for key := range seen {
		if !slices.Contains(itself, key) && !slices.Contains(keys, key) {
			t.Errorf("%s is sent, and no property", key)
		}
	}
}

// TestQRadarMappings holds that QRadar has a name for each event that a rule matched, and that names and descriptions fit.
func TestQRadarMappings(t *testing.T) {
	all, err := eventMappings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	by, names := map[string]mapping{}, map[string]bool{}
	for _, m := range all {
		if names[m.Record.Name] || len(m.Record.Name) > maxName || len(m.Record.Description) > maxDescription || m.Record.Severity == 0 {
			t.Errorf("%+v", m)
		}
		by[m.EventID], names[m.Record.Name] = m, true
	}
	named := 0
	for _, r := range sent(t, demo(t)) {
		if r.Fields["riskRules"] == "" {
			continue
		}
		m, known := by[r.Class]
		if !known || !slices.Contains(m.Categories, r.Fields["cat"]) {
			t.Fatalf("an event with id %q and category %q has no name", r.Class, r.Fields["cat"])
		}
		named++
	}
	if named < 20 {
		t.Errorf("only %d events were tagged", named)
	}
}
