package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/proof"
)

// Proof is a report for people: the bins that aren't whole, or all, and a line for each table that sums them up.
func Proof(r proof.Report, all bool) string {
	rows := [][]string{{"INGESTED FROM", "TABLE", "ROWS", "READ", "SINK", "CONFIRMED", "DEAD", "OPEN", "MISSING", "SURPLUS", "STATE"}}
	for _, b := range r.Bins {
		if b.State == proof.OK && !all {
			continue
		}
		for _, name := range sinksOf(b) {
			sink := b.Sinks[name]
			rows = append(rows, []string{
				b.Start.Format(time.RFC3339), b.Table, strconv.FormatInt(b.Rows, 10), strconv.FormatInt(b.Read, 10), name,
				strconv.FormatInt(sink.Confirmed, 10), strconv.FormatInt(sink.Dead, 10), strconv.FormatInt(sink.Open, 10),
				strconv.FormatInt(sink.Missing, 10), strconv.FormatInt(sink.Surplus, 10), string(sink.State),
			})
		}
	}
	if len(rows) == 1 {
		return summary(r)
	}
	return table(rows) + "\n" + summary(r)
}

// Difference says that bins differ, and what to do about it.
func Difference(r proof.Report) string {
	differ := "bins differ"
	if r.Differs == 1 {
		differ = "bin differs"
	}
	return fmt.Sprintf("%d %s: %s", r.Differs, differ, advice(r))
}

// advice is what to do about a difference.
func advice(r proof.Report) string {
	for _, b := range r.Bins {
		for _, sink := range b.Sinks {
			if sink.Missing > 0 {
				return "send what is missing with --repair"
			}
		}
	}
	return "nothing is missing, but more rows were confirmed than the workspace holds now, as when rows are deleted there (SURPLUS)"
}

// whole reports whether there are bins, and every sink has all rows of each.
func whole(r proof.Report) bool {
	return len(r.Bins) > 0 && !slices.ContainsFunc(r.Bins, func(b proof.Bin) bool { return b.State != proof.OK })
}

func sinksOf(b proof.Bin) (names []string) {
	for name := range b.Sinks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// summary says in a line for each table how its bins are.
func summary(r proof.Report) string {
	type sum struct {
		bins, rows int64
		states     map[proof.State]int
	}
	sums, order := map[string]*sum{}, []string{}
	for _, b := range r.Bins {
		one := sums[b.Stream]
		if one == nil {
			one = &sum{states: map[proof.State]int{}}
			sums[b.Stream] = one
			order = append(order, b.Stream)
		}
		one.bins, one.rows = one.bins+1, one.rows+b.Rows
		one.states[b.State]++
	}
	text := ""
	for _, name := range order {
		var parts []string
		for _, state := range []proof.State{proof.OK, proof.Differs, proof.Pending, proof.Unrecorded, proof.Expired, proof.Before} {
			if n := sums[name].states[state]; n > 0 {
				parts = append(parts, strconv.Itoa(n)+" "+string(state))
			}
		}
		text += fmt.Sprintf("%s: %s in %s: %s\n", name, diag.Count(int(sums[name].rows), "row"), diag.Count(int(sums[name].bins), "bin"), strings.Join(parts, ", "))
	}
	if len(order) == 0 {
		text = "nothing was ingested in that time\n"
	}
	if whole(r) {
		text += "nothing is missing\n"
	}
	if r.Unrecorded > 0 {
		text += "not recorded: the ledger was lost after that time; --repair sends these rows once more\n"
	}
	if r.Repaired > 0 {
		text += diag.Count(int(r.Repaired), "row") + " that a sink lacked: their minutes were read and sent again\n"
	}
	return text
}
