package splunk_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// TestDashboardsFind runs each search of each dashboard on what the demonstration sends: each finds something, and each column that it
// shows has a value in some row. So every field that a dashboard names is there.
func TestDashboardsFind(t *testing.T) {
	k, events := demonstrated(t)
	for name, d := range app(t).Views {
		found, err := d.Fill(k, events, replay.Tokens())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for search, r := range found {
			if len(r.Rows) == 0 {
				t.Errorf("%s: %s finds nothing", name, search)
			}
			for _, column := range r.Columns {
				if !slices.ContainsFunc(r.Column(column), func(v string) bool { return v != "" }) {
					t.Errorf("%s: %s: nothing is in the column %s", name, search, column)
				}
			}
		}
		if len(found) < 8 {
			t.Errorf("%s: %d searches", name, len(found))
		}
	}
}

// run runs a saved search.
func run(t *testing.T, k *spl.Knowledge, name string, events []*spl.Event) *spl.Result {
	t.Helper()
	r, err := k.Run(app(t).Conf["savedsearches"][name]["search"], events)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSummariesCountOnce: delivery is at least once, so what is summed over summaries leaves out those that came twice.
func TestSummariesCountOnce(t *testing.T) {
	for name, d := range app(t).Views {
		for _, search := range d.Searches() {
			if strings.Contains(search, "`riskrelay_summaries`") && !strings.Contains(search, "| dedup event_id |") {
				t.Errorf("%s: %s", name, search)
			}
		}
	}
}

// TestRiskSearch: a row for each object of an event that a rule matched, none for what has no score of its own.
func TestRiskSearch(t *testing.T) {
	k, events := demonstrated(t)
	r := run(t, k, "riskrelay - Tagged events - Rule", events)
	objects := 0
	for _, e := range events {
		if score := e.Get("risk_score"); len(score) > 0 && score[0] != "0" {
			objects += len(e.Get("risk.objects{}.value"))
		}
	}
	if len(r.Rows) != objects || objects < 50 {
		t.Errorf("%d rows of %d objects", len(r.Rows), objects)
	}
	kinds := r.Column("risk_object_type")
	for i, kind := range kinds {
		if in := r.Column("risk_" + kind)[i]; in != r.Column("risk_object")[i] {
			t.Errorf("row %d: %q of type %s is %q in risk_%s", i, r.Column("risk_object")[i], kind, in, kind)
		}
		if r.Column("risk_message")[i] == "" || r.Column("annotations.mitre_attack")[i] == "" || r.Column("risk_score")[i] == "0" {
			t.Errorf("row %d lacks message, technique or score", i)
		}
	}
	slices.Sort(kinds)
	if d := cmp.Diff([]string{"other", "system", "user"}, slices.Compact(kinds)); d != "" {
		t.Error(d)
	}
}

// TestSilenceSearch: a table of which nothing came for hours, and no other.
func TestSilenceSearch(t *testing.T) {
	k, events := demonstrated(t)
	newest := 0.0
	for _, e := range events {
		newest = max(newest, e.Time())
	}
	const silent = "azure:loganalytics:signinlogs"
	events = slices.DeleteFunc(slices.Clone(events), func(e *spl.Event) bool {
		return e.Get("sourcetype")[0] == silent && e.Time() > newest-4*3600
	})
	r := run(t, k, "riskrelay - A table is silent", events)
	if d := cmp.Diff([]string{silent}, r.Column("sourcetype")); d != "" {
		t.Error(d)
	}
}

// TestSummarySearches: of summaries that are well nothing is found, of those that tell of dead letters and missing rows these.
func TestSummarySearches(t *testing.T) {
	k, events := demonstrated(t)
	golden, err := os.ReadFile(goldenSummary)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.NewReplacer(`"State":"ok"`, `"State":"differs"`, `"RowsMissing":0`, `"RowsMissing":2`, `"dead":0`, `"dead":3`, `"hec"`, `"hec.eu"`).Replace(string(golden))
	envelope, err := json.Marshal(map[string]any{
		"time": 1, "source": "riskrelay:w", "sourcetype": "azure:loganalytics:riskrelaysummary", "event": json.RawMessage(bad), "fields": map[string]string{"event_id": "s-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	told, err := k.Receive(envelope)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"riskrelay - Dead letters":          {"2000-01-01T00:00:00Z", "2000-01-01T01:00:00Z", "T", "la:w:T", "hec.eu", "3"},
		"riskrelay - Summaries that differ": {"2000-01-01T00:00:00Z", "2000-01-01T01:00:00Z", "T", "la:w:T", "differs", "60", "60", "2"},
	} {
		if r := run(t, k, name, events); len(r.Rows) != 0 {
			t.Errorf("%s finds %d rows though all is well", name, len(r.Rows))
		}
		r := run(t, k, name, append(slices.Clone(events), told))
		var got []string
		for _, column := range r.Columns {
			got = append(got, r.Column(column)...)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestSavedSearchesAreOff: nobody's search head is to run anything that wasn't looked at.
func TestSavedSearchesAreOff(t *testing.T) {
	for name, s := range app(t).Conf["savedsearches"] {
		if s["disabled"] != "true" || s["enableSched"] != "1" || s["dispatch.earliest_time"] == "" || s["dispatch.latest_time"] == "" {
			t.Errorf("%s: %v", name, s)
		}
	}
}

// TestAnnotations: the search for risk names the techniques of all built-in rules.
func TestAnnotations(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(app(t).Lookups["riskrelay_rules.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "mitre")
	var want []string
	for _, row := range rows[1:] {
		want = append(want, strings.Fields(row[column])...)
	}
	slices.Sort(want)
	var got map[string][]string
	if err := json.Unmarshal([]byte(app(t).Conf["savedsearches"]["riskrelay - Tagged events - Rule"]["action.correlationsearch.annotations"]), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string][]string{"mitre_attack": slices.Compact(want)}, got); d != "" {
		t.Error(d)
	}
}

// TestMacrosAreDefined: all that is between backticks, in searches of all kinds.
func TestMacrosAreDefined(t *testing.T) {
	used := map[string]bool{}
	note := func(text string) {
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
	}
	a := app(t)
	for _, file := range []string{"savedsearches", "workflow_actions", "macros", "eventtypes"} {
		for _, s := range a.Conf[file] {
			for _, value := range s {
				note(value)
			}
		}
	}
	for _, d := range a.Views {
		for _, search := range d.Searches() {
			note(search)
		}
	}
	for name := range used {
		if _, ok := a.Conf["macros"][name]; !ok {
			t.Errorf("the macro %s isn't defined", name)
		}
	}
	for name := range a.Conf["macros"] {
		if !used[name] {
			t.Errorf("nothing uses the macro %s", name)
		}
	}
}
