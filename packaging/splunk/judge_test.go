package splunk_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// judged is what Splunk's schema says of definitions; "" for nothing.
func judged(t *testing.T, files ...string) string {
	t.Helper()
	out, err := exec.Command("node", append([]string{"judge/judge.cjs"}, files...)...).CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

// TestDashboardsAreValid by Splunk's own schema, whole files as views hold them.
func TestDashboardsAreValid(t *testing.T) {
	files, err := filepath.Glob("dashboards/*.json")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	if said := judged(t, files...); said != "" {
		t.Error(said)
	}
}

// TestTheSchemaJudges has it find what is wrong, each mistake in a file of its own.
func TestTheSchemaJudges(t *testing.T) {
	text, err := os.ReadFile("dashboards/riskrelay_overview.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mistakes := []struct{ name, old, wrong, want string }{
		{"option", `"stackMode"`, `"stackMod"`, "unknown option stackMod"},
		{"value", `"legendDisplay": "right"`, `"legendDisplay": "nowhere"`, "legendDisplay must match"},
		{"kind", `"splunk.column"`, `"splunk.colum"`, "aren't judged"},
		{"member", `"dataSources": {`, `"dataSource": {`, "must NOT have additional properties"},
		{"layout", `"tabs": {`, `"tab": {`, "must have required property 'tabs'"},
	}
	var files []string
	for _, m := range mistakes {
		file := filepath.Join(dir, m.name+".json")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), m.old, m.wrong)), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	said := judged(t, files...)
	for _, m := range mistakes {
		if !slices.ContainsFunc(strings.Split(said, "\n"), func(l string) bool { return strings.Contains(l, m.name+".json") && strings.Contains(l, m.want) }) {
			t.Errorf("%s instead of %s isn't found: want %s in\n%s", m.wrong, m.old, m.want, said)
		}
	}
}

// TestDashboardsHoldTogether: what a panel or input reads is there, each panel has its place, and all sources are read.
func TestDashboardsHoldTogether(t *testing.T) {
	type panel struct{ DataSources struct{ Primary string } }
	for name, d := range app(t).Views {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var is struct {
			DataSources            map[string]any
			Visualizations, Inputs map[string]panel
			Layout                 struct {
				GlobalInputs      []string
				LayoutDefinitions map[string]struct{ Structure []struct{ Item string } }
			}
		}
		if err := json.Unmarshal(text, &is); err != nil {
			t.Fatal(err)
		}
		read := map[string]bool{}
		for id, p := range is.Visualizations {
			if _, ok := is.DataSources[p.DataSources.Primary]; !ok {
				t.Errorf("%s: %s reads %q", name, id, p.DataSources.Primary)
			}
			read[p.DataSources.Primary] = true
		}
		for _, p := range is.Inputs {
			read[p.DataSources.Primary] = true
		}
		for source := range is.DataSources {
			if !read[source] {
				t.Errorf("%s: nothing reads %s", name, source)
			}
		}
		var placed []string
		for _, layout := range is.Layout.LayoutDefinitions {
			for _, item := range layout.Structure {
				placed = append(placed, item.Item)
			}
		}
		slices.Sort(placed)
		if want := slices.Sorted(maps.Keys(is.Visualizations)); !slices.Equal(placed, want) {
			t.Errorf("%s: %v have a place, of %v", name, placed, want)
		}
		if inputs := slices.Sorted(slices.Values(is.Layout.GlobalInputs)); !slices.Equal(inputs, slices.Sorted(maps.Keys(is.Inputs))) {
			t.Errorf("%s: the inputs %v are shown", name, inputs)
		}
	}
}
