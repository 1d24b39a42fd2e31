package ruletest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGuideRows(t *testing.T) {
	rules := []RuleCoverage{
		{Rule: "b.two", Guide: []string{"row/note"}, Firing: 3, Silent: 5, Off: "needs context dns"},
		{
			Rule: "a.one", Guide: []string{"row"}, Firing: 1, Silent: 2,
			Conditions: []Branch{{Key: "when", True: 1}, {Key: "adjust 1", True: 1, False: 4, Guide: []string{"row/other"}}},
		},
		{Rule: "c.three", Guide: []string{"added"}, Firing: 1},
	}
	want := []GuideRow{
		{Row: "row", Rules: []string{"a.one", "b.two"}, Firing: 4, Silent: 7, Off: []string{"needs context dns"}},
		{Row: "row/note", Rules: []string{"b.two"}, Firing: 3, Silent: 5, Off: []string{"needs context dns"}},
		{Row: "row/other", Rules: []string{"a.one"}, Firing: 1, Silent: 4},
		{Row: "nobody", Rules: []string{}},
		{Row: "added", Rules: []string{"c.three"}, Firing: 1},
	}
	got := guideRows(rules, []string{"row", "row/note", "row/other", "nobody"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
	for i, proved := range []bool{true, true, true, false, false} {
		if got[i].Proved() != proved {
			t.Errorf("%s: proved is %v", got[i].Row, !proved)
		}
	}
}
