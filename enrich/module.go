package enrich

import "context"

// Selector says which events a module wants, so that only those are handed to it.
type Selector struct {
	Tables  []string // Log Analytics tables; empty means all
	Columns []string // columns the module reads; empty means all. Other cells may be left out
}

// Wants reports whether the module asks for events of table.
func (s Selector) Wants(table string) bool {
	if len(s.Tables) == 0 {
		return true
	}
	for _, t := range s.Tables {
		if t == table {
			return true
		}
	}
	return false
}

// RuleInfo describes one rule of a module for people.
type RuleInfo struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Pack     string   `json:"pack"`
	Revision string   `json:"revision,omitempty"`
	Tables   []string `json:"tables"`
	Guide    []string `json:"guide,omitempty"`
	Severity Severity `json:"severity"`
	Mitre    []string `json:"mitre,omitempty"`
	Off      string   `json:"off,omitempty"` // why the rule doesn't run; "" when it does
}

// Description is what a module says of itself. It may change with each Configure.
type Description struct {
	Name     string // short, lower case, unique in a host: "cel"
	Version  string
	Selector Selector
	Rules    []RuleInfo
}

// File is one configuration file by content, so that a module in a process of its own needs no access to the disk.
type File struct {
	Name string // as messages shall show it, with slashes
	Data []byte
}

// Config is a module's whole configuration.
type Config struct {
	Files    []File // rule packs and what goes with them; their order has no meaning
	Settings []byte // the module's own settings, a YAML document whose shape the module defines
}

// Module tags events. It is a Go value in this process, or a program behind package plugin; both behave alike.
// Its methods may be called at the same time from several goroutines.
type Module interface {
	// Describe says what the module is and which events it wants.
	Describe(ctx context.Context) (Description, error)
	// Configure replaces the whole configuration, or returns an error and changes nothing.
	Configure(ctx context.Context, config Config) error
	// Tag returns one list of tags per event, in the events' order. A rule that can't judge an event is a Tag with
	// Error set; an error from Tag itself means that no event of the call was judged.
	Tag(ctx context.Context, events []Event) ([][]Tag, error)
}
