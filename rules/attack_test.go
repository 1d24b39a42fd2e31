package rules_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/rules"
)

// TestTechniquesHaveNames holds that attack.csv is sorted and names every technique of the built-in rules.
func TestTechniquesHaveNames(t *testing.T) {
	data, err := rules.FS.ReadFile("attack.csv")
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range records[1:] {
		ids = append(ids, strings.Replace(r[0], "TA", "T ", 1)) // tactics come first
		if r[1] == "" {
			t.Errorf("%s has no name", r[0])
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("attack.csv is not sorted, or has an id twice")
	}
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			for _, id := range r.Mitre {
				if !slices.Contains(ids, strings.Replace(id.Value, "TA", "T ", 1)) {
					t.Errorf("%s: attack.csv has no %s", id.Pos, id.Value)
				}
			}
		}
	}
}
