package view

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Language is what rules may say, or the part of it that somebody asked for.
type Language struct {
	Entries  []celrule.Entry   `json:"entries"`
	Columns  []Column          `json:"columns,omitempty"` // of the table that was asked for
	Examples []celrule.Example `json:"examples"`
}

// Column is a column of a table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // of Log Analytics; "json" is text that holds JSON
}

// NewLanguage is the whole language for "", what a table's rows have for the name of one, and else what bears the name, as a function, a
// field or a type. False says that there is nothing of that name. The error says that the language contradicts itself.
func NewLanguage(about string) (l Language, ok bool, err error) {
	all, err := celrule.Language()
	if err != nil {
		return l, false, err
	}
	if about == "" {
		return Language{Entries: all, Examples: celrule.Examples()}, true, nil
	}
	if t, known := schema.Lookup(about); known {
		for _, c := range t.Columns {
			one := Column{Name: c.Name, Type: string(c.Type)}
			if c.JSON {
				one.Type = "json"
			}
			l.Columns = append(l.Columns, one)
		}
		for _, e := range all {
			if e.Of == "event" && (e.Tables == nil || slices.Contains(e.Tables, t.Name)) {
				l.Entries = append(l.Entries, e)
			}
		}
		for _, e := range celrule.Examples() {
			if e.Table == t.Name {
				l.Examples = append(l.Examples, e)
			}
		}
		return l, true, nil
	}
	last := about[strings.LastIndex(about, ".")+1:]
	for _, e := range all {
		if e.Name == about || e.Of == about || e.Of+"."+e.Name == about {
			l.Entries = append(l.Entries, e)
		}
	}
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(last) + `\b`)
	for _, e := range celrule.Examples() {
		if word.MatchString(e.Expression) {
			l.Examples = append(l.Examples, e)
		}
	}
	return l, len(l.Entries) > 0, nil
}

// LanguageText is for people.
func LanguageText(l Language) string {
	var b strings.Builder
	var own [][]string
	var cel []string
	for _, e := range l.Entries {
		if name, standard := strings.CutPrefix(e.Signature, "CEL "); standard {
			cel = append(cel, name)
			continue
		}
		doc := e.Doc
		if len(e.Tables) > 0 {
			doc += " (" + strings.Join(e.Tables, ", ") + ")"
		}
		own = append(own, []string{e.Signature, doc})
	}
	for _, e := range own {
		b.WriteString(e[0] + "\n" + wrap("    ", "    ", e[1], pageWidth))
	}
	if len(l.Columns) > 0 {
		b.WriteString("\nColumns, as event.NAME:\n")
		rows := [][]string{}
		for _, c := range l.Columns {
			rows = append(rows, []string{"  " + c.Name, c.Type})
		}
		b.WriteString(table(rows))
	}
	if len(cel) > 0 {
		b.WriteString("\nCEL's own (https://cel.dev):\n" + wrap("  ", "  ", strings.Join(cel, "  "), pageWidth))
	}
	if len(l.Examples) > 0 {
		b.WriteString("\nExamples, as the when of a rule:\n")
		for _, e := range l.Examples {
			fmt.Fprintf(&b, "  %s\n      %s: %s\n", e.Expression, e.Table, e.Says)
		}
	}
	return b.String()
}
