package main

import (
	"encoding/json"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The judge is Elastic's own description of its API, as JSON Schema that refuses what it doesn't name. testdata/elasticsearch.json holds the
// schemas that the two requests need, without their texts, queries, aggregations and analysis.
const strict, open = "#/strict/", "#/open/"

// newJudge writes each schema in two forms: strict, and open for where it is combined with others.
func newJudge(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	text, err := os.ReadFile("testdata/elasticsearch.json")
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	forms := map[string]any{}
	for _, form := range []string{strict, open} {
		all := map[string]any{}
		for name, s := range spec.Components.Schemas {
			all[name] = refusing(s, form)
		}
		forms[strings.Trim(form, "#/")] = all
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("file:///elasticsearch.json", forms); err != nil {
		t.Fatal(err)
	}
	return compiler
}

// refusing is a schema of OpenAPI 3.0 as JSON Schema of 2020-12. In the strict form an object has no property that isn't named.
func refusing(node any, form string) any {
	s, ok := node.(map[string]any)
	if !ok {
		return node
	}
	if ref, ok := s["$ref"].(string); ok {
		there := map[string]any{"$ref": form + ref[strings.LastIndex(ref, "/")+1:]}
		if strings.HasSuffix(ref, "/_types.Script") { // its source alone will do: @shortcut_property in the specification's Scripting.ts
			return map[string]any{"anyOf": []any{map[string]any{"type": "string"}, there}}
		}
		return there
	}
	if kinds, ok := s["discriminator"].(map[string]any); ok {
		return chosen(kinds, form)
	}
	if len(s) == 1 && s["type"] == "object" { // how the description writes values of any kind
		return true
	}
	out := map[string]any{}
	for key, value := range s {
		switch key {
		case "nullable", "format":
		case "properties":
			named := map[string]any{}
			for name, p := range value.(map[string]any) {
				named[name] = refusing(p, strict)
			}
			out[key] = named
		case "items", "additionalProperties":
			out[key] = refusing(value, strict)
		case "allOf":
			list := value.([]any)
			if len(list) == 1 && s["properties"] == nil {
				return refusing(list[0], form)
			}
			out[key] = each(list, open)
		case "anyOf", "oneOf":
			out["anyOf"] = each(value.([]any), form)
		default:
			out[key] = value
		}
	}
	if _, more := s["additionalProperties"]; form == strict && !more && (s["properties"] != nil || s["allOf"] != nil) {
		out["unevaluatedProperties"] = false
	}
	return out
}

// chosen is the schema that the value of a property chooses, which is much faster to judge by than any of all. Where it is absent, it is
// "object".
func chosen(kinds map[string]any, form string) any {
	by, refs := kinds["propertyName"].(string), kinds["mapping"].(map[string]any)
	all := []any{map[string]any{"properties": map[string]any{by: map[string]any{"enum": slices.Collect(anys(maps.Keys(refs)))}}}}
	for kind, ref := range refs {
		is := map[string]any{"properties": map[string]any{by: map[string]any{"const": kind}}}
		if kind != "object" {
			is["required"] = []any{by}
		}
		all = append(all, map[string]any{"if": is, "then": refusing(map[string]any{"$ref": ref}, form)})
	}
	return map[string]any{"allOf": all}
}

func anys(names iter.Seq[string]) iter.Seq[any] {
	return func(yield func(any) bool) {
		for name := range names {
			if !yield(name) {
				return
			}
		}
	}
}

func each(list []any, form string) (all []any) {
	for _, s := range list {
		all = append(all, refusing(s, form))
	}
	return all
}

// TestElasticTakes holds that the requests are what Elasticsearch's specification describes, and that it refuses what it doesn't know.
func TestElasticTakes(t *testing.T) {
	all, err := files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	compiler := newJudge(t)
	for _, request := range []struct{ file, schema, mistake, with string }{
		{"elastic/index-template.json", "put_index_template", `"ignore_malformed"`, `"ignore_malfomed"`},
		{"elastic/index-template.json", "put_index_template", `"flattened"`, `"flatened"`},
		{"elastic/index-template.json", "put_index_template", `"index_patterns"`, `"index_pattern"`},
		{"elastic/pipeline.json", "put_pipeline", `"copy_from"`, `"copyfrom"`},
		{"elastic/pipeline.json", "put_pipeline", `"date":`, `"dates":`},
	} {
		schema, err := compiler.Compile("file:///elasticsearch.json" + strict + request.schema)
		if err != nil {
			t.Fatal(err)
		}
		text := string(all[request.file])
		if err := schema.Validate(instance(t, text)); err != nil {
			t.Fatalf("%s: %v", request.file, err)
		}
		wrong := strings.Replace(text, request.mistake, request.with, 1)
		if wrong == text || schema.Validate(instance(t, wrong)) == nil {
			t.Errorf("%s: %s is taken for %s", request.file, request.with, request.mistake)
		}
	}
}

func instance(t *testing.T, text string) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
