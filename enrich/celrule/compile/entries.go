package compile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Entry is one name of the rule language.
type Entry struct {
	Of        string   `json:"of,omitempty"`     // the type or variable that has it; "" for a function that stands alone
	Name      string   `json:"name"`             // without Of
	Signature string   `json:"signature"`        // as it is written, with the type of the result
	Doc       string   `json:"doc,omitempty"`    // one sentence; "" for CEL's own functions
	Tables    []string `json:"tables,omitempty"` // of names of event, the tables that have it; nil for all
}

// Entries lists every function, type and field of the rule language, sorted. The columns of tables are left out, as
// schema.Tables has them; what event has beside them is there.
func Entries() ([]Entry, error) {
	lang, err := NewLanguage([]*rulefile.Pack{allTables()})
	if err != nil {
		return nil, err
	}
	out := lang.standard()
	for _, f := range lang.functions {
		out = append(out, Entry{Of: f.Of, Name: f.Name, Signature: f.Signature(), Doc: f.Doc})
	}
	for t := range lang.provider.All() {
		for _, name := range t.Order {
			if f := t.Fields[name]; !isColumn(t.Name, name) {
				out = append(out, Entry{Of: t.Name, Name: name, Signature: t.Name + "." + name + " " + typeWord(f.Type.String()), Doc: f.Doc})
			}
		}
	}
	return lang.together(out), nil
}

// together makes one entry of the same name of several tables, and sorts.
func (l *Language) together(entries []Entry) []Entry {
	var out []Entry
	tables := map[string][]string{}
	for _, e := range entries {
		if l.tables[e.Of] != nil {
			table := e.Of
			e.Of, e.Signature = VarEvent, VarEvent+strings.TrimPrefix(e.Signature, table)
			tables[e.Signature] = append(tables[e.Signature], table)
		}
		out = append(out, e)
	}
	order := func(e Entry) string { return e.Of + "." + e.Name + " " + e.Signature }
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(order(a), order(b)) })
	out = slices.CompactFunc(out, func(a, b Entry) bool { return order(a) == order(b) })
	for i, e := range out {
		if in := tables[e.Signature]; len(in) < len(l.tables) && len(in) > 0 {
			out[i].Tables = sorted(in)
		}
	}
	return out
}

// allTables is a pack with a rule for each table.
func allTables() *rulefile.Pack {
	r := rulefile.Rule{}
	for _, t := range schema.Tables() {
		r.Tables = append(r.Tables, diag.NewText(t.Name))
	}
	return &rulefile.Pack{Rules: []rulefile.Rule{r}}
}

// standard are CEL's own functions, operators and macros that rules may use.
func (l *Language) standard() (out []Entry) {
	own := map[string]bool{"not_strictly_false": true}
	for _, f := range l.functions {
		own[f.Name] = true
	}
	add := func(name string) {
		if !own[name] && !strings.HasPrefix(name, "@") {
			out = append(out, Entry{Name: name, Signature: "CEL " + name})
		}
	}
	env := l.envs[l.sortedTables()[0]] // all tables have the same functions
	for _, name := range slices.Sorted(maps.Keys(env.Functions())) {
		if own[strings.Trim(name, "_")] {
			continue
		}
		add(cmp.Or(OperatorWord(name), name))
	}
	for _, m := range env.Macros() {
		add(fmt.Sprintf("%s/%d", m.Function(), m.ArgCount()))
	}
	return out
}
