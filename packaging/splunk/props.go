package splunk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// ownTables are tables of events that are about riskrelay itself, and what stands for names that are no table's. The schema
// doesn't have them, as no rule names them.
func ownTables() []string { return []string{"RiskrelaySummary", "RiskrelayCheck", "other"} }

// sourcetype is that of a table's events, as the sink for HEC has it by default.
func sourcetype(table string) string { return "azure:loganalytics:" + strings.ToLower(table) }

// structure is how an event of one line of JSON is cut, timed and taken apart. The collector cuts and times events itself; the first
// four are for files of the file sink that a forwarder reads.
const structure = `SHOULD_LINEMERGE = false
LINE_BREAKER = ([\r\n]+)
TIME_PREFIX = "TimeGenerated":\s*"
MAX_TIMESTAMP_LOOKAHEAD = 40
TZ = UTC
TRUNCATE = 0
KV_MODE = json
`

// props is the text of props.conf. What is calculated stands there twice: by source type, and for our source, where records of
// diagnostic settings are, too. Their source types have no stanza: they are Microsoft's add-on's, whose events come from other
// sources and stay as it says.
func props(c *cim) string {
	var out strings.Builder
	out.WriteString(made + `
# What riskrelay sends with the source that it has by default: all tables, also those whose names aren't below, and records of diagnostic
# settings, whose category says of which table they are.
[source::riskrelay:...]
TRUNCATE = 0
KV_MODE = json
`)
	for _, field := range slices.Sorted(maps.Keys(c.fields())) {
		fmt.Fprintf(&out, "EVAL-%s = %s\n", field, c.ofSource(field))
	}
	out.WriteString(lookUp)
	for _, table := range append(schema.Names(), ownTables()...) {
		m, _ := c.mapping(table)
		fmt.Fprintf(&out, "\n[%s]\n%s", sourcetype(table), structure)
		for _, field := range slices.Sorted(maps.Keys(m.evals)) {
			fmt.Fprintf(&out, "EVAL-%s = %s\n", field, expand(m.evals[field], table, inRow))
		}
		out.WriteString(lookUp)
	}
	return out.String()
}

// lookUp gives the rule's title and what else the lookup says of it, to events that a rule matched.
const lookUp = "LOOKUP-riskrelay_rule = riskrelay_rules id AS signature_id OUTPUTNEW title AS signature anchor AS rule_anchor\n"

// fields are the names of all fields that are calculated.
func (c *cim) fields() map[string]bool {
	all := map[string]bool{}
	for _, m := range append(c.tables, c.all) {
		for field := range m.evals {
			all[field] = true
		}
	}
	return all
}

// ofSource is the expression of a field for all events of our source.
func (c *cim) ofSource(field string) string {
	record := c.cases(field, `sourcetype.":".json_extract(_raw,"category")`, inRecord, func(table string) string {
		sourcetype, ok := shape.Sourcetype(table)
		if !ok {
			return ""
		}
		return sourcetype + ":(" + strings.Join(shape.Categories(table), "|") + ")"
	})
	row := c.cases(field, "sourcetype", inRow, sourcetype)
	if record == row {
		return row
	}
	return `case(match(sourcetype,"^azure:monitor:"),` + record + ",true()," + row + ")"
}

// cases is the expression of a field by what says of which table an event is. Tables with one expression stand together; for those
// that aren't named, what holds for each table does, or else what the event itself calls so: a table of somebody's own may have a
// column of the field's name.
func (c *cim) cases(field, by string, read func(table, path string) string, name func(table string) string) string {
	rest, own := c.all.evals[field], "'"+field+"'"
	var order, cases []string
	tables := map[string][]string{}
	for i := range c.tables {
		e, table := c.tables[i].evals[field], name(c.tables[i].table)
		if table == "" || e == rest {
			continue
		}
		value := own
		if e != "" {
			value = expand(e, c.tables[i].table, read)
		}
		if tables[value] == nil {
			order = append(order, value)
		}
		tables[value] = append(tables[value], table)
	}
	for _, value := range order {
		cases = append(cases, fmt.Sprintf(`match(%s,"^(%s)$"),%s`, by, strings.Join(tables[value], "|"), value))
	}
	if rest != "" {
		own = "coalesce(" + expand(rest, "", read) + "," + own + ")"
	}
	if len(cases) == 0 {
		return own
	}
	return "case(" + strings.Join(cases, ",") + ",true()," + own + ")"
}
