package admin

import (
	"slices"
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

// TestFilesHaveNoTimesOfIngestion holds that places in a file, which a ledger keeps as times, are shown as times nowhere.
func TestFilesHaveNoTimesOfIngestion(t *testing.T) {
	offset := time.Unix(0, 4096).UTC()
	state := &pipeline.State{
		Frontier: offset, Joined: map[string]time.Time{"siem": offset},
		Open: []pipeline.Progress{{Window: pipeline.Window{From: offset, To: offset.Add(1)}, Sinks: map[string]pipeline.SinkState{"old": {}}}},
	}
	name, stats := pipeline.FileStream("/rows.ndjson").Name, new(pipeline.Stats)
	stats.Read(name, []enrich.Event{{ID: "1"}})
	states := map[string]*pipeline.State{name: state}
	s := Snapshot{
		Now: time.Now(), Stall: time.Minute, Started: time.Now(), Figures: stats.Figures(), States: states,
		Sinks: map[string]pipeline.HealthReport{"siem": {}},
	}
	for what, status := range map[string]Status{
		"running": Summarize(s, Build{}, nil), "not running": FromLedger(s.Now, states, map[string]pipeline.Promise{"siem": pipeline.Accepted}),
	} {
		one := status.Streams[0]
		if one.Frontier != nil || one.IngestionLag != nil || one.Sinks[0].Through != nil || one.Sinks[0].Lag != nil {
			t.Errorf("%s: %+v", what, one)
		}
		for _, a := range status.Abandoned {
			if a.Oldest != nil {
				t.Errorf("%s: the oldest window of %s is of %v", what, a.Sink, a.Oldest)
			}
		}
	}
	at := slices.IndexFunc(streamMetrics(), func(m metric) bool { return m.name == "riskrelay_stream_ingestion_lag_seconds" })
	streamMetrics()[at].read(s, func(v float64, labels ...string) { t.Errorf("the metric of %v is %v", labels, v) })
}
