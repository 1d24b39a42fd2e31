package rules_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/rules"
)

// The shapes in which the same audit record may arrive. Each changes a decoded row in place, so that no rule may say
// anything else about it.
var shapes = map[string]func(row map[string]any){
	"dynamic columns as objects": func(map[string]any) {}, // as AppendFields writes them
	"dynamic columns as text": func(row map[string]any) {
		for _, name := range []string{"InitiatedBy", "AdditionalDetails", "TargetResources"} {
			if text, err := json.Marshal(row[name]); err == nil && row[name] != nil {
				row[name] = string(text)
			}
		}
	},
	"properties in another order": func(row map[string]any) {
		for _, target := range listOf(row["TargetResources"]) {
			slices.Reverse(listOf(objectOf(target)["modifiedProperties"]))
		}
	},
	"an unrelated target first": func(row map[string]any) {
		if targets, ok := row["TargetResources"].([]any); ok && len(targets) > 0 {
			row["TargetResources"] = append([]any{map[string]any{"id": nil, "displayName": nil, "type": "Other", "modifiedProperties": []any{}}}, targets...)
		}
	},
	"the other half of InitiatedBy absent, or null": func(row map[string]any) {
		by := objectOf(row["InitiatedBy"])
		for _, half := range []string{"user", "app"} {
			if v, ok := by[half]; ok && v == nil {
				delete(by, half)
			} else if !ok && len(by) > 0 {
				by[half] = nil
			}
		}
	},
	"an operation in capitals, with a period and spaces": func(row map[string]any) {
		for _, name := range []string{"OperationName", "ActivityDisplayName"} {
			if s, ok := row[name].(string); ok {
				row[name] = " " + strings.ToUpper(strings.ReplaceAll(s, " - ", " \u2013 ")) + ". "
			}
		}
	},
}

func listOf(v any) []any            { l, _ := v.([]any); return l }
func objectOf(v any) map[string]any { o, _ := v.(map[string]any); return o }

// shapeless is the CEL module, which tags each audit record in all its shapes and compares.
type shapeless struct {
	*celrule.Module
	t        *testing.T
	compared *int
}

func (s shapeless) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	tags, err := s.Module.Tag(ctx, events)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if events[i].Table != "AuditLogs" {
			continue
		}
		for shape, change := range shapes {
			again, err := s.Module.Tag(ctx, []enrich.Event{reshaped(s.t, &events[i], change)})
			if err != nil {
				return nil, err
			}
			if diff := cmp.Diff(tags[i], again[0]); diff != "" {
				s.t.Errorf("%s: %s (-as it was +in this shape)\n%s", events[i].AppendFields(nil), shape, diff)
			}
			*s.compared++
		}
	}
	return tags, nil
}

// reshaped is a copy of an event whose row went through change.
func reshaped(t *testing.T, e *enrich.Event, change func(map[string]any)) enrich.Event {
	t.Helper()
	var row map[string]any
	if err := json.Unmarshal([]byte("{"+string(e.AppendFields(nil))+"}"), &row); err != nil {
		t.Fatal(err)
	}
	row["Type"] = e.Table
	change(row)
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	table, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return enrich.NewEvent(table, parsed)
}

// TestShapesDontMatter tags the rows of all tests that need no context in every shape in which the same record may
// arrive. Each context would cost another module, and has no say in how rows are read.
func TestShapesDontMatter(t *testing.T) {
	compared, shared := 0, celrule.New()
	plain := map[[2]string]bool{}
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			for _, c := range r.Tests {
				plain[[2]string{r.ID.Value, c.Name.Value}] = c.Context.JSON == nil
			}
		}
	}
	_, err := ruletest.Run(t.Context(), ruletest.Options{
		Files: files(t), New: func() enrich.Module { return shapeless{shared.Fresh(), t, &compared} },
		Open: func(name string) ([]byte, error) { return fs.ReadFile(rules.FS, name) },
		Only: func(rule, test string) bool { return plain[[2]string{rule, test}] },
	})
	if err != nil {
		t.Fatal(err)
	}
	if compared < 500 {
		t.Errorf("only %d shapes were compared", compared)
	}
}

// hostile is a name of 10 KB that an attacker chose: it breaks naive formats, quoting and lines.
var hostile = strings.Repeat("a,b],\"{x}\"\n\u202e\u0000=[KeyIdentifier=", 320) + "\\"

// TestNamesDontMatter holds that a rule finds the row of its first test whatever the people and applications in it are
// called, and that what it says about them stays short and on one line.
func TestNamesDontMatter(t *testing.T) {
	module := celrule.New()
	if err := module.Configure(t.Context(), enrich.Config{Files: files(t)}); err != nil {
		t.Fatal(err)
	}
	for _, row := range testRows(t) {
		table, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse(row)
		if err != nil {
			t.Fatal(err)
		}
		event := enrich.NewEvent(table, parsed)
		if table != "AuditLogs" {
			continue
		}
		renamed := reshaped(t, &event, func(row map[string]any) {
			by := objectOf(row["InitiatedBy"])
			for _, named := range append(listOf(row["TargetResources"]), by["user"], by["app"]) {
				if object := objectOf(named); object != nil {
					object["displayName"] = hostile
				}
			}
		})
		tags, err := module.Tag(t.Context(), []enrich.Event{event, renamed})
		if err != nil {
			t.Fatal(err)
		}
		for _, was := range tags[0] {
			i := slices.IndexFunc(tags[1], func(is enrich.Tag) bool { return is.Rule == was.Rule })
			if i < 0 {
				t.Errorf("%s: not found when everything has a hostile name\n%s", was.Rule, row)
				continue
			}
			if is := tags[1][i]; is.Error != "" || len(is.Message) > 4096 || strings.ContainsAny(is.Message, "\n\x00") {
				t.Errorf("%s: error %q, a message of %d bytes: %.200q", is.Rule, is.Error, len(is.Message), is.Message)
			}
		}
	}
}
