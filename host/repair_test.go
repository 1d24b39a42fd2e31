package host

import (
	"testing"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
)

// TestWhatIsLeftOfARepair holds that a host that is just starting says nothing about it, and that nobody waits for a sink
// that isn't configured any more.
func TestWhatIsLeftOfARepair(t *testing.T) {
	report := proof.Report{Bins: []proof.Bin{{Stream: "la:w:A"}, {Stream: "la:w:B"}}}
	again := func(sinks ...string) *pipeline.State {
		p := pipeline.Progress{Again: true, Sinks: map[string]pipeline.SinkState{}}
		for _, name := range sinks {
			p.Sinks[name] = pipeline.SinkState{}
		}
		return &pipeline.State{Open: []pipeline.Progress{p, {Sinks: map[string]pipeline.SinkState{"hec": {}}}}}
	}
	for name, test := range map[string]struct {
		states map[string]*pipeline.State
		left   int
		known  bool
	}{
		"starting":         {nil, 0, false},
		"one stream lacks": {map[string]*pipeline.State{"la:w:A": {}}, 0, false},
		"done":             {map[string]*pipeline.State{"la:w:A": {}, "la:w:B": {}}, 0, true},
		"under way":        {map[string]*pipeline.State{"la:w:A": again("hec"), "la:w:B": again("hec", "gone")}, 2, true},
		"a sink is gone":   {map[string]*pipeline.State{"la:w:A": again("gone"), "la:w:B": {}}, 0, true},
	} {
		if left, known := againLeft(test.states, report, []string{"hec"}); left != test.left || known != test.known {
			t.Errorf("%s: %d left, known %v", name, left, known)
		}
	}
}
