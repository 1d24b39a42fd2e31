package splunk

import (
	"regexp"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/shape"
)

var placed = regexp.MustCompile(`%(\*?)([^%]+)%`)

// expand makes an expression of eval: %PATH% becomes what reads it out of an event of the table, as read says. Texts are read out of _raw rather
// than taken from the fields that KV_MODE=json makes, since that stops after 5,000 bytes or 100 fields.
func expand(expression, table string, read func(table, path string) string) string {
	return placed.ReplaceAllStringFunc(expression, func(text string) string {
		parts := placed.FindStringSubmatch(text)
		if parts[1] != "" {
			return "json_array_to_mv(" + read(table, parts[2]) + ")"
		}
		return "nullif(nullif(" + read(table, parts[2]) + `,""),"null")`
	})
}

// paths are the paths that an expression reads, each once.
func paths(expression string) (all []string) {
	for _, parts := range placed.FindAllStringSubmatch(expression, -1) {
		if !slices.Contains(all, parts[2]) {
			all = append(all, parts[2])
		}
	}
	return all
}

// inRow reads a path of an event whose columns are those of a table.
func inRow(_, path string) string { return `json_extract(_raw,"` + path + `")` }

// inRecord reads a path of a record of diagnostic settings of a table: enrich/shape says where columns stand in it. What rules say of
// an event stands beside the record's own members.
func inRecord(table, path string) string {
	column := path
	if at := strings.IndexAny(path, ".{"); at >= 0 {
		column = path[:at]
	}
	if column == "risk" || column == "event_id" {
		return inRow(table, path)
	}
	var all []string
	for _, member := range shape.Members(table, column) {
		all = append(all, inMember(member, path[len(column):]))
	}
	switch len(all) {
	case 0:
		return "null()"
	case 1:
		return all[0]
	}
	return "coalesce(" + strings.Join(all, ",") + ")"
}

// inMember reads what is at a path below a member of a record. Paths of json_extract have no way to write a name with dots in it.
func inMember(member []string, below string) string {
	last := len(member) - 1
	if strings.Contains(member[last], ".") && below == "" {
		return `json_extract_exact(` + inRow("", strings.Join(member[:last], ".")) + `,"` + member[last] + `")`
	}
	return inRow("", strings.Join(member, ".")+below)
}
