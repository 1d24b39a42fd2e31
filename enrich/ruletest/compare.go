package ruletest

import (
	"fmt"
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// judge compares the tags of a rule on the rows of a test with what the test wants.
func judge(rule string, want rulefile.Want, rows [][]enrich.Tag) (failures []string, got []Match) {
	for i, tags := range rows {
		for _, t := range tags {
			switch {
			case t.Rule != rule:
			case t.Error != "":
				failures = append(failures, fmt.Sprintf("row %d: the rule failed: %s", i+1, t.Error))
			case t.Suppressed != "":
			default:
				got = append(got, Match{i + 1, t.Severity, t.Score, t.Reasons, t.Message, t.Objects})
			}
		}
	}
	switch {
	case len(failures) > 0:
	case want.None && len(got) > 0:
		failures = append(failures, fmt.Sprintf("want no match, got %d", len(got)))
	case !want.None && len(got) == 0:
		failures = append(failures, "want a match, got none")
	case !want.None:
		failures = nearest(want, got)
	}
	return failures, got
}

// nearest returns what the match that comes closest lacks, nothing when one is as wanted.
func nearest(want rulefile.Want, got []Match) []string {
	var best []string
	for i, m := range got {
		if failures := differences(want, m); i == 0 || len(failures) < len(best) {
			best = failures
		}
	}
	return best
}

func differences(want rulefile.Want, got Match) (failures []string) {
	differ := func(what string, want, got any) {
		failures = append(failures, fmt.Sprintf("want %s %v, got %v", what, want, got))
	}
	if w := want.Severity; w.Present() && w.Value != got.Severity.String() {
		differ("severity", w.Value, got.Severity)
	}
	if w := want.Score; w.Present() && w.Points != got.Score {
		differ("score", w.Points, got.Score)
	}
	if w := want.Message; w.Present() && w.Value != got.Message {
		differ("message", quoted(w.Value), quoted(got.Message))
	}
	if want.Reasons != nil {
		wanted := values(want.Reasons)
		if !sameSet(wanted, got.Reasons) {
			differ("reasons", fmt.Sprintf("%q", wanted), fmt.Sprintf("%q", got.Reasons))
		}
	}
	if want.Objects != nil {
		wanted := objects(want.Objects)
		if actual := pairs(got.Objects); !sameSet(wanted, actual) {
			differ("objects", fmt.Sprintf("%q", wanted), fmt.Sprintf("%q", actual))
		}
	}
	return failures
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

func values(texts []diag.Text) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = t.Value
	}
	return all
}

func objects(all []rulefile.Object) []string {
	texts := make([]string, len(all))
	for i, o := range all {
		texts[i] = o.Type.Value + " " + o.Value.Value
	}
	return texts
}

func pairs(all []enrich.Object) []string {
	texts := make([]string, len(all))
	for i, o := range all {
		texts[i] = o.Type + " " + o.Value
	}
	return texts
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
