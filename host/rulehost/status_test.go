package rulehost

import (
	"testing"

	"github.com/riskrelay/riskrelay/host/admin"
)

// TestTripped holds that a rule which ran when it was loaded and doesn't now counts as switched off by the breaker, and
// one that was off from the beginning doesn't.
func TestTripped(t *testing.T) {
	f := &field{t: t, dir: t.TempDir(), text: ruleText}
	f.good(1, false)
	m := startIn(t, f.dir)
	var before, after admin.Snapshot
	m.Snapshot(&before)
	ran := map[string]bool{"acme.a": true}
	for _, id := range []string{"acme.a", "acme.b"} {
		if !(*m.ran.Load())[id] {
			t.Errorf("%s isn't noted as running", id)
		}
	}
	f.put("tuning.yaml", "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: mine}\nfor: {pack: acme}\nrules: [{id: acme.a, set: {enabled: false}}, {id: acme.b, set: {enabled: false}}]\n")
	if err := m.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.Snapshot(&before)
	m.ran.Store(&ran)
	m.Snapshot(&after)
	if len(before.Tripped) != 0 || len(after.Tripped) != 1 || after.Tripped[0] != "acme.a" {
		t.Errorf("before %v, after %v", before.Tripped, after.Tripped)
	}
}
