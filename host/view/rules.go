package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Rules is a list of rules for people.
func Rules(list []celrule.Listing) string {
	rows, off := [][]string{{"RULE", "SEVERITY", "SCORE", "GUIDE", "TABLES", "STATE"}}, 0
	for i := range list {
		r := &list[i]
		if r.Off != "" {
			off++
		}
		rows = append(rows, []string{
			r.ID, r.Severity.String(), strconv.Itoa(r.Score), cmp.Or(strings.Join(r.Guide, ","), "-"), strings.Join(r.Tables, ","), listedState(r),
		})
	}
	return table(rows) + fmt.Sprintf("%s, %d off\n", diag.Count(len(list), "rule"), off)
}

// listedState says whether a rule runs, and what sets it apart.
func listedState(r *celrule.Listing) string {
	if r.Off != "" {
		return "off: " + r.Off
	}
	state := "on"
	if r.Status != "" {
		state += ", " + r.Status
	}
	if len(r.Tuned) > 0 {
		state += ", tuned: " + strings.Join(r.Tuned, " ")
	}
	if len(r.Unindexed) > 0 {
		state += ", no key"
	}
	return state
}
