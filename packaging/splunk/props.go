package splunk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// streamType is the source type of records of diagnostic settings (shape: stream), which Microsoft's add-on has, too.
const streamType = "azure:monitor:aad"

// ownTables are tables of events that are about riskrelay itself, and what stands for names that are no table's. The schema
// doesn't have them, as no rule names them.
func ownTables() []string { return []string{"RiskrelaySummary", "RiskrelayCheck", "other"} }

// sourcetype is that of a table's events, as the sink for HEC has it by default.
func sourcetype(table string) string { return "azure:loganalytics:" + strings.ToLower(table) }

// structure is how an event of one line of JSON is cut, timed and taken apart. The collector cuts and times events itself; the first
// four are for files of the file sink that a forwarder reads.
func structure(timeField string) string {
	return `SHOULD_LINEMERGE = false
LINE_BREAKER = ([\r\n]+)
TIME_PREFIX = "` + timeField + `":\s*"
MAX_TIMESTAMP_LOOKAHEAD = 40
TZ = UTC
TRUNCATE = 0
KV_MODE = json
`
}

// props is the text of props.conf.
func props(c *cim) string {
	var out strings.Builder
	out.WriteString(made + `
# Where the source is as riskrelay sends it by default, tables whose names aren't below are read alike.
[source::riskrelay:...]
TRUNCATE = 0
KV_MODE = json
`)
	for _, table := range append(schema.Names(), ownTables()...) {
		m, _ := c.mapping(table)
		fmt.Fprintf(&out, "\n[%s]\n%s", sourcetype(table), structure("TimeGenerated"))
		for _, field := range slices.Sorted(maps.Keys(m.evals)) {
			fmt.Fprintf(&out, "EVAL-%s = %s\n", field, expand(m.evals[field], inRow))
		}
		out.WriteString(lookUp)
	}
	fmt.Fprintf(&out, "\n# Records of diagnostic settings: the category says of which table.\n[%s]\n%s", streamType, structure("time"))
	for _, field := range slices.Sorted(maps.Keys(c.streamFields())) {
		fmt.Fprintf(&out, "EVAL-%s = %s\n", field, c.streamed(field))
	}
	out.WriteString(lookUp)
	return out.String()
}

// lookUp gives the rule's title and what else the lookup says of it, to events that a rule matched.
const lookUp = "LOOKUP-riskrelay_rule = riskrelay_rules id AS signature_id OUTPUTNEW title AS signature anchor AS rule_anchor\n"

func (c *cim) streamFields() map[string]bool {
	all := map[string]bool{}
	for _, m := range c.tables {
		if m.category != "" {
			for field := range m.evals {
				all[field] = true
			}
		}
	}
	return all
}

// streamed is the expression of a field of records: that of the table that the category stands for. Categories with one expression
// stand together.
func (c *cim) streamed(field string) string {
	rest := c.all.evals[field]
	var order []string
	categories := map[string][]string{}
	for _, m := range c.tables {
		e, has := m.evals[field]
		if m.category == "" || !has || e == rest {
			continue
		}
		if categories[e] == nil {
			order = append(order, e)
		}
		categories[e] = append(categories[e], m.category)
	}
	if len(order) == 0 {
		return expand(rest, inStream)
	}
	var cases []string
	for _, e := range order {
		cases = append(cases, fmt.Sprintf(`match(category,"^(%s)$"),%s`, strings.Join(categories[e], "|"), expand(e, inStream)))
	}
	if rest != "" {
		cases = append(cases, "true(),"+expand(rest, inStream))
	}
	return "case(" + strings.Join(cases, ",") + ")"
}
