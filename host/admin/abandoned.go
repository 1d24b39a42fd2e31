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
	for _, state := range states {
		for name, b := range state.Abandoned(names) {
			all, known := sum[name]
			if all.Windows += b.Windows; !known || b.Oldest.Before(all.Oldest) {
				all.Oldest = b.Oldest
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
