package test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is as much of Grafana's model as ours uses. What isn't named here is refused.
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
type dashboard struct {
	UID           string            `json:"uid"`
	Title         string            `json:"title"`
	Description   string            `json:"description"`
	Tags          []string          `json:"tags"`
	SchemaVersion int               `json:"schemaVersion"`
	Version       int               `json:"version"`
	Editable      bool              `json:"editable"`
	GraphTooltip  int               `json:"graphTooltip"`
	Refresh       string            `json:"refresh"`
	Time          map[string]string `json:"time"`
	Timezone      string            `json:"timezone"`
	Timepicker    struct{}          `json:"timepicker"`
	Annotations   struct {
		List []struct{} `json:"list"`
	} `json:"annotations"`
	Links      []struct{} `json:"links"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type variable struct {
	Name        string          `json:"name"`
	Label       string          `json:"label"`
	Type        string          `json:"type"`
	Datasource  datasource      `json:"datasource"`
	Query       json.RawMessage `json:"query"`
	Definition  string          `json:"definition"`
	Refresh     int             `json:"refresh"`
	Sort        int             `json:"sort"`
	Hide        int             `json:"hide"`
	Multi       bool            `json:"multi"`
	IncludeAll  bool            `json:"includeAll"`
	AllValue    string          `json:"allValue"`
	Current     json.RawMessage `json:"current"`
	Options     []struct{}      `json:"options"`
	Regex       string          `json:"regex"`
	SkipURLSync bool            `json:"skipUrlSync"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Collapsed   bool       `json:"collapsed"`
	Panels      []struct{} `json:"panels"` // of a collapsed row
	Datasource  datasource `json:"datasource"`
	GridPos     struct {
		X, Y, W, H int
	} `json:"gridPos"`
	FieldConfig json.RawMessage `json:"fieldConfig"`
	Options     json.RawMessage `json:"options"`
	Targets     []struct {
		Datasource   datasource `json:"datasource"`
		EditorMode   string     `json:"editorMode"`
		Expr         string     `json:"expr"`
		LegendFormat string     `json:"legendFormat"`
		Range        bool       `json:"range"`
		Instant      bool       `json:"instant"`
		RefID        string     `json:"refId"`
	} `json:"targets"`
}

// read reads the dashboard, and refuses what its type doesn't have.
func read(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("../grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&d); err != nil || strict.More() {
		t.Fatal(err, strict.More())
	}
	return d
}

// TestDashboard holds that each query is PromQL, that riskrelay has the metrics and labels that it and its legend name, and that
// panels have numbers and places of their own.
func TestDashboard(t *testing.T) {
	d := read(t)
	// Grafana puts values in their place: https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
	filled := strings.NewReplacer("$__rate_interval", "1m", "$__range", "6h", "$job", "riskrelay", "$instance", ".*")
	legend := regexp.MustCompile(`\{\{\s*([a-z_]+)\s*\}\}`)
	taken, ids, queries := map[[2]int]string{}, map[int]bool{}, 0
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d has no title, or its number twice", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if at := [2]int{x, y}; taken[at] != "" || x >= 24 {
					t.Fatalf("%s lies on %s at %v, or beyond the grid", p.Title, taken[at], at)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		var refs []string
		for _, q := range p.Targets {
			queries++
			text := filled.Replace(q.Expr)
			if strings.Contains(text, "$") || q.Datasource.UID != "${datasource}" || q.Range == q.Instant || slices.Contains(refs, q.RefID) {
				t.Errorf("%s: a variable that isn't there, another data source, or a query of two kinds: %s", p.Title, q.Expr)
			}
			refs = append(refs, q.RefID)
			labels := check(t, p.Title, text)
			for _, named := range legend.FindAllStringSubmatch(q.LegendFormat, -1) {
				if !slices.Contains(labels, named[1]) {
					t.Errorf("%s: the legend names %s, which its metrics haven't", p.Title, named[1])
				}
			}
		}
		if len(p.Targets) == 0 && p.Type != "row" {
			t.Errorf("%s asks for nothing", p.Title)
		}
	}
	if queries < 30 || d.UID != "riskrelay" {
		t.Errorf("%d queries", queries)
	}
	variables(t, d)
}

// variables holds that what the choices at the top are filled with is there.
func variables(t *testing.T, d dashboard) {
	t.Helper()
	asks := regexp.MustCompile(`^label_values\((.+), ([a-z]+)\)$`)
	for _, v := range d.Templating.List {
		if v.Type == "datasource" {
			continue
		}
		found := asks.FindStringSubmatch(v.Definition)
		if found == nil || found[2] != v.Name {
			t.Errorf("%s: %s", v.Name, v.Definition)
			continue
		}
		check(t, v.Name, strings.ReplaceAll(found[1], "$job", "riskrelay"))
	}
}
