package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/riskrelay/riskrelay/host/config"
)

// TestJSONSchema holds that configurations that work are good by the schema, and that misspelt keys and wrong values aren't.
func TestJSONSchema(t *testing.T) {
	text, err := config.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"reference": config.Reference()}
	installed, err := filepath.Glob("../../packaging/linux/etc/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(installed, "../../packaging/linux/etc/riskrelay.yaml") {
		if data, err := os.ReadFile(path); err == nil && filepath.Base(path) != "context.yaml" {
			good[path] = string(data)
		}
	}
	for name, text := range good {
		if err := schema.Validate(parsed(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range []string{
		"data_dr: x", "sinks: {splunk_hec: [{name: a, urll: x}]}", "sinks: {file: {name: a}}", "rules: {builtin: [yes]}", "sources: {log_analytics: [{workspace: {}}]}",
	} {
		if schema.Validate(parsed(t, wrong)) == nil {
			t.Errorf("the schema takes %s", wrong)
		}
	}
	if !strings.Contains(string(text), "The workspace's GUID") || !strings.Contains(string(text), "before compression") {
		t.Error("the schema lacks what the reference says of keys")
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
