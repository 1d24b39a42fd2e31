package boltstore

import (
	"testing"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// TestAProofThatFailedAfterAll has Puts with a proof fail, of which some got through after all: what each adds counts once,
// and what was given up doesn't count.
func TestAProofThatFailedAfterAll(t *testing.T) {
	s := start(t, t.TempDir())
	revision := uint64(0)
	var before map[string][]byte
	add := func(names ...string) {
		t.Helper()
		next, err := s.PutProof("s", nil, revision, func(p ledger.Proofs) error {
			for _, name := range names {
				if err := p.Put([]byte(name), append([]byte("+"), p.Get([]byte(name))...)); err != nil {
					return err
				}
			}
			before = s.before["s"]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		revision = next
	}
	failAfterAll := func(names ...string) { // as after a sync that failed behind the meta page
		add(names...)
		revision--
		s.known["s"], s.before["s"] = revision, before
	}
	holds := func(want map[string]string) {
		t.Helper()
		err := s.ViewProof(func(p ledger.Proofs) error {
			for name, value := range want {
				if got := p.Get([]byte(name)); string(got) != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("a")
	failAfterAll("a", "b")
	add("a", "b")
	holds(map[string]string{"a": "++", "b": "+"})
	failAfterAll("a", "b", "c")
	failAfterAll("a", "d")
	holds(map[string]string{"a": "+++", "b": "+", "c": "", "d": "+"})
	add("b")
	holds(map[string]string{"a": "++", "b": "++", "c": "", "d": ""})
	failAfterAll("a")
	next, err := s.Put("s", nil, revision) // something else, without a proof
	if err != nil {
		t.Fatal(err)
	}
	revision = next
	holds(map[string]string{"a": "++"})
	add("a")
	holds(map[string]string{"a": "+++"})
}
