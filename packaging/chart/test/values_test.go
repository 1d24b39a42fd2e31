package test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the table of values in the chart's README.md anew")

// key is one of values.yaml.
type key struct {
	path    string // as image.tag
	comment string // what stands above it
	value   any    // the default
}

var keyLine = regexp.MustCompile(`^( *)([A-Za-z]+):`)

// keys are the keys of values.yaml, in order, down to those that the schema doesn't take apart.
func keys(t *testing.T, properties map[string]property) (all []key) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	var comment, path []string
	for line := range strings.Lines(string(text)) {
		if words, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
			comment = append(comment, words)
			continue
		}
		if found := keyLine.FindStringSubmatch(line); found != nil {
			depth := len(found[1]) / 2
			if depth > len(path) { // inside a list
				continue
			}
			path = append(path[:depth], found[2])
			if own(properties, path) {
				all = append(all, key{strings.Join(path, "."), strings.Join(comment, " "), at(values, path)})
			}
		}
		comment = nil
	}
	return all
}

// property is a part of values.schema.json.
type property struct {
	Description          string              `json:"description"`
	Properties           map[string]property `json:"properties"`
	AdditionalProperties any                 `json:"additionalProperties"`
}

// own reports whether the schema names the key, or it stands where all keys are named.
func own(properties map[string]property, path []string) bool {
	for _, name := range path[:len(path)-1] {
		parent := properties[name]
		if parent.Properties == nil || parent.AdditionalProperties != false {
			return false
		}
		properties = parent.Properties
	}
	_, ok := properties[path[len(path)-1]]
	return ok || len(path) == 1
}

// at is the value at a path.
func at(values map[string]any, path []string) any {
	for _, name := range path[:len(path)-1] {
		values, _ = values[name].(map[string]any)
	}
	return values[path[len(path)-1]]
}

// described are the descriptions in values.schema.json by path.
func described(properties map[string]property, path string, into map[string]string) {
	for name, p := range properties {
		into[path+name] = p.Description
		described(p.Properties, path+name+".", into)
	}
}

func readSchema(t *testing.T) map[string]property {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var top property
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	return top.Properties
}

// TestValuesDescribed holds that each key is described, in values.yaml and in values.schema.json by the same words.
func TestValuesDescribed(t *testing.T) {
	properties, inSchema := readSchema(t), map[string]string{}
	described(properties, "", inSchema)
	delete(inSchema, "global") // Helm's own
	delete(inSchema, "resources.requests")
	delete(inSchema, "resources.limits")
	delete(inSchema, "resources.claims")
	for _, k := range keys(t, properties) {
		if strings.HasPrefix(k.path, "resources.") {
			continue
		}
		if k.comment == "" || inSchema[k.path] != k.comment {
			t.Errorf("%s: values.yaml says %q, values.schema.json %q", k.path, k.comment, inSchema[k.path])
		}
		delete(inSchema, k.path)
	}
	for path := range inSchema {
		t.Errorf("%s: only values.schema.json knows it", path)
	}
}

// TestValuesInReadme holds that the chart's README.md lists all keys; with -update it writes them there.
func TestValuesInReadme(t *testing.T) {
	var table strings.Builder
	table.WriteString("| value | default | |\n|-|-|-|\n")
	properties := readSchema(t)
	for _, k := range keys(t, properties) {
		if group, ok := properties[k.path]; ok && group.Properties != nil {
			continue // its keys follow
		}
		value, err := json.Marshal(k.value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", k.path, value, strings.ReplaceAll(k.comment, "|", `\|`))
	}
	const begin, end = "<!-- values -->\n", "<!-- end of values -->\n"
	file := filepath.Join(chart, "README.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	listed, after, closed := strings.Cut(rest, end)
	switch {
	case !ok || !closed:
		t.Fatal("README.md has no place for the values")
	case listed == table.String():
	case !*update:
		t.Fatal("README.md doesn't list the values as they are: go -C packaging/chart/test test -run Readme . -update")
	default:
		if err := os.WriteFile(file, []byte(before+begin+table.String()+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
