package loganalytics

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Narrowed returns a source that reads the same table on the same connection, but only the rows that may fit the filter.
// How long its windows take teaches s nothing.
func (s *Source) Narrowed(filter enrich.Filter) pipeline.Source {
	return &Source{
		name: s.name, table: narrowedTable(s.table, filter), start: s.start, settle: s.settle, every: s.every,
		query: s.query, clock: s.clock, pacer: newPacer(s.pacer.max), log: s.log, ok: s.ok, patient: s.patient,
	}
}

// narrowedTable is t with the filter beside its own.
func narrowedTable(t Table, filter enrich.Filter) Table {
	condition := filterCondition(t.Name, filter)
	if t.Filter != "" {
		condition = "(" + string(t.Filter) + ") and " + condition
	}
	t.Filter = Filter(condition)
	return t
}

// filterCondition is a filter in KQL.
func filterCondition(table string, filter enrich.Filter) string {
	var needs []string
	for _, need := range filter {
		var all []string
		for _, facts := range need {
			all = append(all, anyFact(table, facts))
		}
		needs = append(needs, join(all, " and ", "true"))
	}
	return join(needs, " or ", "false")
}

// join joins conditions; none is what an empty list stands for.
func join(conditions []string, operator, none string) string {
	switch len(conditions) {
	case 0:
		return none
	case 1:
		return conditions[0]
	}
	return "(" + strings.Join(conditions, operator) + ")"
}

// anyFact is true when one of the facts is. Texts of one column are asked for together.
func anyFact(table string, facts []enrich.Fact) string {
	var columns, conditions []string
	equals := map[string][]string{}
	for _, f := range facts {
		if len(f.Has) > 0 {
			conditions = append(conditions, hasAll(table, f))
			continue
		}
		if equals[f.Column] == nil {
			columns = append(columns, f.Column)
		}
		equals[f.Column] = append(equals[f.Column], kqlText(f.Equals))
	}
	for _, c := range columns {
		conditions = append(conditions, columnText(table, c)+" in ("+strings.Join(equals[c], ", ")+")")
	}
	return join(conditions, " or ", "false")
}

func hasAll(table string, f enrich.Fact) string {
	var all []string
	for _, text := range f.Has {
		all = append(all, columnText(table, f.Column)+" contains "+kqlText(text))
	}
	return join(all, " and ", "true")
}

// columnText is a column as text.
func columnText(table, column string) string {
	if schema.TypeOf(table, column) == enrich.Dynamic {
		return "tostring(" + column + ")"
	}
	return column
}

// kqlText is a string literal. https://learn.microsoft.com/kusto/query/scalar-data-types/string
func kqlText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
