package admin

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestLagIsNeverNegative has this machine's clock be an hour behind the service's.
func TestLagIsNeverNegative(t *testing.T) {
	ours := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	state := &pipeline.State{Frontier: ours.Add(time.Hour), Joined: map[string]time.Time{"siem": ours.Add(-time.Hour)}}
	stats := new(pipeline.Stats)
	stats.Read("la", []enrich.Event{{ID: "1", Time: time.Now().Add(time.Hour)}})
	s := Snapshot{
		Now: ours, Stall: time.Minute, Started: ours, Figures: stats.Figures(), States: map[string]*pipeline.State{"la": state},
		Sinks: map[string]pipeline.HealthReport{"siem": {}},
	}
	status := Summarize(s, Build{}, nil)
	for what, lag := range map[string]*float64{
		"of the frontier": status.Streams[0].IngestionLag, "of the sink": status.Streams[0].Sinks[0].Lag, "of events": status.Streams[0].EventLag,
	} {
		if lag == nil || *lag < 0 || *lag > 1 {
			t.Errorf("the lag %s is %v, want 0", what, lag)
		}
	}
	if problems := s.Problems(); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
}
