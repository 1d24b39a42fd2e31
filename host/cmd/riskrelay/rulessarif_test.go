package main

import (
	"encoding/json"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/view"
)

// TestSARIF checks the log against what SARIF 2.1.0 requires: the properties that must be there, the words that are
// possible, and the bounds of numbers.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
func TestSARIF(t *testing.T) {
	pack := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\nrules:\n"
	found, err := lint(t.Context(), &subject{}, enrich.Config{Files: []enrich.File{
		{Name: "a.yaml", Data: []byte(pack + "  - {id: x.a, title: A, tables: [AuditLogs], when: event.sucess, severty: low}\n")},
		{Name: "b.yaml", Data: nil},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(view.SARIF(found.Problems, ""))
	if err != nil {
		t.Fatal(err)
	}
	var log map[string]any
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	if log["version"] != "2.1.0" {
		t.Errorf("version is %v", log["version"])
	}
	for _, run := range items(t, log, "runs") {
		driver := run["tool"].(map[string]any)["driver"].(map[string]any)
		if driver["name"] == "" {
			t.Error("the driver has no name")
		}
		rules := items(t, driver, "rules")
		for _, rule := range rules {
			if rule["id"] == "" {
				t.Error("a rule has no id")
			}
		}
		results := items(t, run, "results")
		if len(results) < 4 {
			t.Errorf("want a result for each problem, got %d", len(results))
		}
		for _, result := range results {
			checkResult(t, result, rules)
		}
	}
}

func checkResult(t *testing.T, result map[string]any, rules []map[string]any) {
	t.Helper()
	at := int(result["ruleIndex"].(float64))
	if at < 0 || at >= len(rules) || rules[at]["id"] != result["ruleId"] {
		t.Errorf("ruleIndex %d isn't that of %v", at, result["ruleId"])
	}
	switch result["level"] {
	case "none", "note", "warning", "error":
	default:
		t.Errorf("level is %v", result["level"])
	}
	if result["message"].(map[string]any)["text"] == "" {
		t.Error("a message is empty")
	}
	for _, location := range items(t, result, "locations") {
		place := location["physicalLocation"].(map[string]any)
		if place["artifactLocation"].(map[string]any)["uri"] == "" {
			t.Error("a place has no file")
		}
		region, ok := place["region"].(map[string]any)
		if !ok {
			continue // the whole file
		}
		start, end := region["startColumn"].(float64), region["endColumn"].(float64)
		if region["startLine"].(float64) < 1 || start < 1 || end <= start {
			t.Errorf("region %v", region)
		}
	}
}

// items are the objects in the list called name, which must be there.
func items(t *testing.T, of map[string]any, name string) (all []map[string]any) {
	t.Helper()
	list, ok := of[name].([]any)
	if !ok {
		t.Fatalf("%s is missing in %v", name, of)
	}
	for _, item := range list {
		all = append(all, item.(map[string]any))
	}
	return all
}
