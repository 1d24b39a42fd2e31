package rulefile_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// TestContextReference holds that the commented file can be used as it is, names every key of the format, and is good by its schema.
func TestContextReference(t *testing.T) {
	if _, problems := rulefile.ParseContext("context.yaml", []byte(rulefile.ContextReference)); len(problems) > 0 {
		t.Fatal(problems)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(rulefile.ContextSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("context.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("context.json")
	if err != nil {
		t.Fatal(err)
	}
	var file any
	if err := yaml.Unmarshal([]byte(rulefile.ContextReference), &file); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(file); err != nil {
		t.Error(err)
	}
	for path, object := range objects(t, rulefile.ContextSchema()) {
		there := at(file, path)
		for name := range object {
			if _, ok := there[name]; !ok {
				t.Errorf("the reference doesn't name %v %s", path, name)
			}
		}
	}
	for _, wrong := range []string{"busines_hours: {}", "dns: {a.example: gone}", "business_hours: {days: [monday]}"} {
		var value any
		if err := yaml.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		_, problems := rulefile.ParseContext("context.yaml", []byte(wrong))
		if schema.Validate(value) == nil || len(problems) == 0 {
			t.Errorf("%s: the schema takes it, or the format does: %v", wrong, problems)
		}
	}
}

// objects are the properties of the schema's objects whose keys are fixed, by the key that they stand under; "" is the file.
func objects(t *testing.T, text []byte) map[string]map[string]json.RawMessage {
	t.Helper()
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var top object
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]json.RawMessage{"": top.Properties}
	for name, raw := range top.Properties {
		var below object
		if err := json.Unmarshal(raw, &below); err == nil && len(below.Properties) > 0 {
			all[name] = below.Properties
		}
	}
	return all
}

// at is the mapping below a key of the file, the file itself for "".
func at(file any, key string) map[string]any {
	top, _ := file.(map[string]any)
	if key == "" {
		return top
	}
	below, _ := top[key].(map[string]any)
	return below
}
