package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// TestFiles holds that the files are what they are made of.
func TestFiles(t *testing.T) {
	all, err := files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		if got, err := os.ReadFile(filepath.Join("..", name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is stale: run make generate (%v)", name, err)
		}
	}
}

// TestCommonSchema holds that each field that the pipelines fill is one of the Elastic Common Schema, with its type.
func TestCommonSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/ecs.csv")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"error.message": "match_only_text"} // the field set error isn't among the data
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.TrimSpace(line), ","); len(cells) == 3 {
			known[cells[0]] = cells[1]
		}
	}
	for name, kind := range ecsTypes() {
		if known[name] != kind {
			t.Errorf("%s is %q there, and %s here", name, known[name], kind)
		}
	}
	for _, s := range sets() {
		if ecsTypes()[s.field] == "" {
			t.Errorf("%s has no type", s.field)
		}
	}
}

// TestOneType holds that no column is in conflict: with the common names, or with another table's.
func TestOneType(t *testing.T) {
	for name, p := range map[string]product{"elastic": elastic(), "opensearch": openSearch()} {
		all := p.properties()
		for field := range ecsTypes() {
			top, _, _ := strings.Cut(field, ".")
			if types, both := columns()[top]; both {
				t.Errorf("%s: %s is a column, too: %v", name, top, types)
			}
		}
		if n := count(all); n > 900 { // index.mapping.total_fields.limit is 1,000, and users add some
			t.Errorf("%s: %d fields", name, n)
		}
		for _, table := range schema.Tables() {
			for _, c := range table.Columns {
				if all[c.Name] == nil {
					t.Errorf("%s: no mapping for %s of %s", name, c.Name, table.Name)
				}
			}
		}
	}
}

// count is the number of fields, objects included, as Elasticsearch counts them.
func count(properties map[string]any) (n int) {
	for _, p := range properties {
		n++
		if inner, ok := p.(object)["properties"].(object); ok {
			n += count(inner)
		}
	}
	return n
}

// unseen are the fields that the pipelines read and no event of the demo has: columns of tables or of kinds of events that aren't in it.
func unseen() []string {
	return []string{
		"ActionType",                   // CloudAppEvents
		"ActorIpAddress",               // OfficeActivity, in which the demo fills ClientIP
		"identity_claim_unique_name_s", // AzureDiagnostics, of accounts without a principal name
	}
}

// TestDemo has the demo's events go through the pipelines, as Elastic documents their processors, and holds that the mappings take
// each value, that each field that is read is there, and that each common name is filled.
func TestDemo(t *testing.T) {
	events := demo(t)
	for name, p := range map[string]product{"elastic": elastic(), "opensearch": openSearch()} {
		t.Run(name, func(t *testing.T) {
			mappings, read, filled := object{"properties": p.properties()}, map[string]bool{}, map[string]bool{}
			for i := range events {
				text, err := eventjson.Shape{ExpandJSON: true}.Append(nil, &events[i])
				if err != nil {
					t.Fatal(err)
				}
				event := decoded(t, text).(map[string]any)
				ingest(p, event)
				for _, from := range sources() {
					read[from] = read[from] || !empty(at(event, from))
				}
				for field := range ecsTypes() {
					filled[field] = filled[field] || !empty(at(event, field))
				}
				if problem := misfit(mappings, event, ""); problem != "" {
					t.Fatalf("%s: %s\n%s", events[i].Table, problem, text)
				}
			}
			for _, from := range sources() {
				if read[from] == slices.Contains(unseen(), from) {
					t.Errorf("%s is seen: %v", from, read[from])
				}
				if top, _, _ := strings.Cut(from, "."); columns()[top] == nil && !slices.Contains([]string{"event_id", "Type", "risk", "source"}, top) {
					t.Errorf("no table has a column %s", top)
				}
			}
			for field := range ecsTypes() {
				if !filled[field] && field != "error.message" {
					t.Errorf("no event fills %s", field)
				}
			}
		})
	}
}

func empty(value any) bool { return value == nil || value == "" }

// ingest does what the pipeline does.
func ingest(p product, event map[string]any) {
	put(event, "@timestamp", event["TimeGenerated"])
	if len(p.prepare) > 0 {
		for _, name := range dynamicColumns() {
			switch v := event[name].(type) {
			case nil, map[string]any:
			case []any:
				if slices.ContainsFunc(v, func(item any) bool { _, is := item.(map[string]any); return !is }) {
					event[name] = map[string]any{"value": v}
				}
			default:
				event[name] = map[string]any{"value": v}
			}
		}
	}
	for _, f := range fromEvent() {
		for _, from := range f.from {
			put(event, f.name, at(event, from))
		}
	}
	for _, s := range sets() {
		if !slices.ContainsFunc(s.when, func(c condition) bool { return !c.holds(event) }) {
			put(event, s.field, s.value)
		}
	}
}

func (c condition) holds(event map[string]any) bool {
	value := at(event, c.column)
	if c.in == nil {
		return !empty(value)
	}
	text, _ := value.(string)
	return slices.Contains(c.in, text)
}

// put fills a field that is empty.
func put(event map[string]any, path string, value any) {
	if empty(value) || !empty(at(event, path)) {
		return
	}
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		if event[name] == nil {
			event[name] = map[string]any{}
		}
		event = event[name].(map[string]any)
	}
	event[names[len(names)-1]] = value
}

// misfit says why a mapping would refuse a value; "" when it takes it.
func misfit(mapping object, value any, path string) string {
	inner, isObject := mapping["properties"].(object)
	kind, _ := mapping["type"].(string)
	if mapping["enabled"] == false {
		return ""
	}
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		for _, item := range v {
			if problem := misfit(mapping, item, path); problem != "" {
				return problem
			}
		}
		return ""
	case []string:
		value = v[0]
	case map[string]any:
		for name, item := range v {
			if m, mapped := inner[name].(object); mapped {
				if problem := misfit(m, item, path+"."+name); problem != "" {
					return problem
				}
			}
		}
		if isObject || kind == "flattened" {
			return ""
		}
	}
	if fits(kind, value) {
		return ""
	}
	text, _ := json.Marshal(value)
	return strings.TrimPrefix(path, ".") + " is " + kind + " and can't be " + string(text)
}

// fits reports whether a field of the type takes a value that is no object.
func fits(kind string, value any) bool {
	switch v := value.(type) {
	case bool:
		return kind == "boolean" || kind == "keyword"
	case int, json.Number:
		return slices.Contains([]string{"long", "double", "float", "keyword"}, kind)
	case string:
		switch kind {
		case "date":
			_, err := time.Parse(time.RFC3339Nano, v)
			return err == nil
		case "ip":
			_, err := netip.ParseAddr(v)
			return err == nil
		}
		return slices.Contains([]string{"keyword", "match_only_text", "text", "wildcard"}, kind)
	}
	return false
}
