package admin

import (
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Snapshot is a host at one moment.
type Snapshot struct {
	Now      time.Time
	Figures  pipeline.Figures
	States   map[string]*pipeline.State       // of the streams that run
	Sinks    map[string]pipeline.HealthReport // by name
	Rules    []enrich.RuleInfo                // of all modules
	Tripped  []string                         // the rules that the breaker switched off
	Missing  map[string]uint64                // by rule: how often it ended at a field that wasn't there; nil with rules.isolate
	Restarts map[string]int                   // of modules in processes of their own
	Lookups  *Lookups                         // nil when no names are looked up
	Modules  []ModuleStatus                   // their names and how many rules they have, in the order in which they are asked
	Started  time.Time                        // when the host was made
	// Certificates are those that sinks show and see.
	Certificates []Certificate
	// Doing is what the host does before it reads the first row, as "starts modules"; "" once it runs.
	Doing string
	// Stall is how long nothing may move where something is to be done.
	Stall time.Duration
}

// Build says which program this is.
type Build struct{ Version, Revision, Go string }
