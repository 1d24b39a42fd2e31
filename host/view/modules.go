package view

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/host/rulehost"
)

// Modules is a list of rule modules for people: a table of the modules, and below it one of each fence.
func Modules(list []rulehost.Listed) string {
	if len(list) == 0 {
		return "no modules are configured beside the built-in rules\n"
	}
	rows := [][]string{{"MODULE", "VERSION", "TABLES", "COLUMNS", "RULES", "PATH"}}
	row := func(cells ...string) { rows = append(rows, cells) }
	for i := range list {
		m := &list[i]
		if m.Problem != "" {
			row(clean(m.Name), "-", "-", "-", "-", clean(m.Path)+" can't be used")
			continue
		}
		if m.SHA256 == "" { // `rules list` says what the built-in one looks for
			row(clean(m.Name), "built in", "-", "-", "-", clean(m.Path))
			continue
		}
		row(clean(m.Name), clean(m.About+" "+m.Version), all(m.Selects.Tables), all(m.Selects.Columns), strconv.Itoa(m.Rules), clean(m.Path))
	}
	for i := range list {
		if m := &list[i]; m.Problem == "" {
			row("")
			row(clean(m.Name), pinned(m.SHA256))
			for _, step := range m.Fence {
				row("  "+step.Name, onOff(step.On), clean(step.Says))
			}
		}
	}
	return table(rows)
}

func pinned(digest string) string {
	if digest == "" {
		return "this program"
	}
	return "sha256 " + digest
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "OFF"
}

// clean escapes what a terminal would obey: modules say what they are themselves.
func clean(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return quoted[1 : len(quoted)-1]
}

// all are the names, or the word for every one there is.
func all(names []string) string { return clean(cmp.Or(strings.Join(names, ","), "all")) }
