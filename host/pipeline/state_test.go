package pipeline_test

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestMergeKeepsUrgentWindowsApart joins windows of which every fifth is urgent: apart, they can go first; when there are too
// many, all become one.
func TestMergeKeepsUrgentWindowsApart(t *testing.T) {
	build := func() *pipeline.State {
		var s pipeline.State
		for i := range 20 {
			w := pipeline.Window{From: start().Add(time.Duration(i) * time.Minute), To: start().Add(time.Duration(i+1) * time.Minute)}
			s.Begin(w, []string{"hec"})
			s.Saw(w, enrich.Low)
			if i%5 == 2 {
				s.Saw(w, enrich.Critical)
				s.Saw(w, enrich.Low) // later batches don't take it back
			}
		}
		return &s
	}
	none := func(pipeline.Window) bool { return false }
	s := build()
	s.Merge(none, true)
	urgent := 0
	for _, p := range s.Open {
		if p.Level == enrich.Critical {
			urgent++
			if p.Window.To.Sub(p.Window.From) != time.Minute {
				t.Errorf("an urgent window was joined: %v", p.Window)
			}
		}
	}
	if len(s.Open) != 9 || urgent != 4 {
		t.Errorf("%d windows, %d of them urgent", len(s.Open), urgent)
	}
	s = build()
	s.Merge(none, false)
	if len(s.Open) != 1 || s.Open[0].Level != enrich.Critical {
		t.Errorf("got %+v", s.Open)
	}
	a, _, err := s.Open[0].Window.Cut()
	if err != nil || s.Cut(s.Open[0].Window) != nil || !s.Open[0].Window.To.Equal(a.To) || s.Open[0].Level != enrich.Critical || s.Open[1].Level != enrich.Critical {
		t.Errorf("cut: %+v, %v", s.Open, err)
	}
}
