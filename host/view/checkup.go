package view

import (
	"strings"

	"github.com/riskrelay/riskrelay/host/checkup"
)

// Checkup is a report for people: one line a step, and below those that aren't well what to do.
func Checkup(r checkup.Report) string {
	var rows [][]string
	for _, step := range r.Steps {
		rows = append(rows, []string{"  " + string(step.Level), step.Name, strings.Join(strings.Fields(step.Says), " ")})
		if step.Fix != "" {
			rows = append(rows, []string{"  ", "", "-> " + strings.TrimSpace(step.Fix)})
		}
	}
	return r.Of + "\n" + table(rows)
}
