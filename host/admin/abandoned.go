package admin

import (
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Abandoned is a sink that isn't configured any more though windows wait for it, over all streams.
type Abandoned struct {
	Sink    string     `json:"sink"`
	Windows int        `json:"open_windows"`
	Oldest  *time.Time `json:"oldest,omitempty"` // the beginning of the oldest window, in ingestion time
}

// abandoned are the sinks that aren't among names, sorted.
func abandoned(states map[string]*pipeline.State, names []string) []Abandoned {
	sum := map[string]pipeline.Backlog{}
	for stream, state := range states {
		for name, b := range state.Abandoned(names) {
			all, oldest := sum[name], ingested(stream, b.Oldest)
			if all.Windows += b.Windows; all.Oldest.IsZero() || !oldest.IsZero() && oldest.Before(all.Oldest) {
				all.Oldest = oldest
			}
			sum[name] = all
		}
	}
	list := []Abandoned{}
	for _, name := range sorted(sum) {
		list = append(list, Abandoned{Sink: name, Windows: sum[name].Windows, Oldest: when(sum[name].Oldest)})
	}
	return list
}
