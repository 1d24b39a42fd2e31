package celrule

import "github.com/riskrelay/riskrelay/enrich/celrule/compile"

// Entry is one name of the rule language.
type Entry = compile.Entry

// Language lists every function, type and field of the rule language, sorted. The columns of tables are left out, as
// schema.Tables has them; what event has beside them is there. The error says that the language contradicts itself, which
// tests rule out.
func Language() ([]Entry, error) { return compile.Entries() }

// RunLimit is about how long one rule may look at one event; a rule that takes longer is stopped on that event.
const RunLimit = compile.RunLimit
