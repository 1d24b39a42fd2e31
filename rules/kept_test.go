package rules_test

import (
	"context"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// noted is a memory that writes down what it is asked for; every key is new to it.
type noted struct{ lines []string }

// Seen implements celrule.Memory.
func (n *noted) Seen(_ context.Context, rule string, key celrule.Digest, _ time.Time, window time.Duration) bool {
	n.lines = append(n.lines, "seen "+rule+" "+hex.EncodeToString(key[:])+" "+window.String())
	return true
}

// TestKept compares what installations keep of the rules from one version to the next with testdata/kept.txt: the
// revision of each rule, which tuning files and SIEM searches name, and the keys under which first_seen remembers the rows
// of the rules' tests. A changed rule has another revision (-update writes it); a line that changes although no rule file
// did means that installations forget what they have seen, and that tunings look outdated.
func TestKept(t *testing.T) {
	memory := &noted{}
	module := celrule.NewRemembering(memory)
	if err := module.Configure(t.Context(), enrich.Config{Files: files(t), Settings: []byte(everything)}); err != nil {
		t.Fatal(err)
	}
	about, err := module.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range about.Rules {
		lines = append(lines, "revision "+r.ID+" "+r.Revision)
	}
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			for _, c := range r.Tests {
				for _, row := range c.Events {
					if _, err := module.Tag(t.Context(), []enrich.Event{event(t, row.JSON)}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if len(memory.lines) == 0 {
		t.Error("no rule remembers anything")
	}
	slices.Sort(memory.lines)
	got := strings.Join(append(lines, slices.Compact(memory.lines)...), "\n") + "\n"
	const name = "testdata/kept.txt"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("what installations keep changed (-before +now):\n%s", diff)
	}
}
