package celrule

import (
	_ "embed" // examples
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
)

// Entry is one name of the rule language.
type Entry = compile.Entry

// Language lists every function, type and field of the rule language, sorted. The columns of tables are left out, as
// schema.Tables has them; what event has beside them is there. The error says that the language contradicts itself, which
// tests rule out.
func Language() ([]Entry, error) { return compile.Entries() }

// Example is a condition of the rule language.
type Example struct {
	Table      string `json:"table"` // whose rows it may be asked of
	Expression string `json:"expression"`
	Says       string `json:"says"`
}

//go:embed examples.txt
var examples string

// Examples has one for every function of the language at least.
func Examples() (all []Example) {
	for line := range strings.Lines(examples) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		table, rest, _ := strings.Cut(line, " | ")
		at := strings.LastIndex(rest, " | ") // the expression may have a | of its own
		all = append(all, Example{Table: table, Expression: rest[:at], Says: rest[at+3:]})
	}
	return all
}

// RunLimit is about how long one rule may look at one event; a rule that takes longer is stopped on that event.
const RunLimit = compile.RunLimit
