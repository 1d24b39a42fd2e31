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

// The judges are the products' own descriptions of their APIs, as JSON Schema that refuses what it doesn't name. testdata/elasticsearch.json
// and testdata/opensearch.json hold the schemas that the two requests need, without their texts, queries, aggregations and analysis.

const strict, open = "#/strict/", "#/open/"

// newJudge writes each schema in two forms: strict, and open for where it is combined with others.
func newJudge(t *testing.T, file string) *jsonschema.Compiler {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	if container, ok := spec.Components.Schemas["ingest._common:ProcessorContainer"].(map[string]any); ok {
		container["properties"].(map[string]any)["copy"] = copyProcessor()
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
	if err := compiler.AddResource("file:///judge.json", forms); err != nil {
		t.Fatal(err)
	}
	return compiler
}

// copyProcessor is what OpenSearch's description lacks: https://docs.opensearch.org/docs/ingest-pipelines/processors/copy
func copyProcessor() any {
	text, flag := map[string]any{"type": "string"}, map[string]any{"type": "boolean"}
	return map[string]any{"allOf": []any{
		map[string]any{"$ref": "#/components/schemas/ingest._common:ProcessorBase"},
		map[string]any{"type": "object", "required": []any{"source_field", "target_field"}, "properties": map[string]any{
			"source_field": text, "target_field": text, "ignore_missing": flag, "override_target": flag, "remove_source": flag,
		}},
	}}
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
		case "items", "additionalProperties", "not":
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

// TestTaken holds that the requests are what Elasticsearch and OpenSearch describe, and that a mistake in them isn't.
func TestTaken(t *testing.T) {
	all, err := files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	judges := map[string]*jsonschema.Compiler{
		"elastic": newJudge(t, "testdata/elasticsearch.json"), "opensearch": newJudge(t, "testdata/opensearch.json"),
	}
	for _, request := range []struct{ product, file, schema, mistake, with string }{
		{"elastic", "index-template.json", "put_index_template", `"ignore_malformed"`, `"ignore_malfomed"`},
		{"elastic", "index-template.json", "put_index_template", `"flattened"`, `"flatened"`},
		{"elastic", "index-template.json", "put_index_template", `"index_patterns"`, `"index_pattern"`},
		{"elastic", "pipeline.json", "put_pipeline", `"copy_from"`, `"copyfrom"`},
		{"elastic", "pipeline.json", "put_pipeline", `"date":`, `"dates":`},
		{"opensearch", "index-template.json", "put_index_template", `"keyword"`, `"keywords"`},
		{"opensearch", "index-template.json", "put_index_template", `"enabled"`, `"enable"`},
		{"opensearch", "pipeline.json", "put_pipeline", `"override_target"`, `"override_targets"`},
	} {
		schema, err := judges[request.product].Compile("file:///judge.json" + strict + request.schema)
		if err != nil {
			t.Fatal(err)
		}
		text := string(all[request.product+"/"+request.file])
		if err := schema.Validate(instance(t, text)); err != nil {
			t.Fatalf("%s/%s: %v", request.product, request.file, err)
		}
		wrong := strings.Replace(text, request.mistake, request.with, 1)
		if wrong == text || schema.Validate(instance(t, wrong)) == nil {
			t.Errorf("%s/%s: %s is taken for %s", request.product, request.file, request.with, request.mistake)
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
