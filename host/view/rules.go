package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
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

// OffText counts the rules that are off, and says why, for people: a line for each reason; "" when all are on.
func OffText(all []enrich.RuleInfo) string {
	ids, reasons, n := map[string][]string{}, []string{}, 0
	for _, r := range all {
		if r.Off == "" {
			continue
		}
		if n++; ids[r.Off] == nil {
			reasons = append(reasons, r.Off)
		}
		ids[r.Off] = append(ids[r.Off], r.ID)
	}
	if n == 0 {
		return ""
	}
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	text := fmt.Sprintf("%s %s off:\n", diag.Count(n, "rule"), verb)
	for _, reason := range reasons {
		text += wrap("  ", "    ", Plain(reason)+": "+strings.Join(ids[reason], ", "), pageWidth)
	}
	return text
}
