package test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// schema is a JSON Schema, or a part of one.
type schema = map[string]any

// kubernetesSchemas writes a JSON Schema for each kind among the documents into dir, as kubeconform looks for it, from the OpenAPI of
// a version of Kubernetes. A key that the OpenAPI doesn't know is refused.
func kubernetesSchemas(t *testing.T, version string, documents []document, dir string) {
	t.Helper()
	file := filepath.Join(moduleFolder(t, "k8s.io/kubernetes", version), "api/openapi-spec/swagger.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var openAPI struct{ Definitions map[string]schema }
	if err := json.Unmarshal(text, &openAPI); err != nil {
		t.Fatal(err)
	}
	for name, definition := range openAPI.Definitions {
		for _, kind := range list(definition["x-kubernetes-group-version-kind"]) {
			of := kind.(schema)
			for _, d := range documents {
				if d.Kind == of["kind"] && d.APIVersion == strings.TrimPrefix(of["group"].(string)+"/"+of["version"].(string), "/") {
					needed := map[string]schema{}
					collect(name, openAPI.Definitions, needed)
					write(t, dir, d, schema{"$ref": "#/definitions/" + name, "definitions": needed})
				}
			}
		}
	}
}

// customSchemas is kubernetesSchemas for the kinds of the Prometheus Operator.
func customSchemas(t *testing.T, documents []document, dir string) {
	t.Helper()
	folder := filepath.Join(moduleFolder(t, "github.com/prometheus-operator/prometheus-operator", "v0.85.0"), "example/prometheus-operator-crd")
	for _, d := range documents {
		group, version, _ := strings.Cut(d.APIVersion, "/")
		text, err := os.ReadFile(filepath.Join(folder, group+"_"+strings.ToLower(d.Kind)+"s.yaml"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var definition struct {
			Spec struct {
				Versions []struct {
					Name   string
					Schema struct{ OpenAPIV3Schema schema }
				}
			}
		}
		if err := yaml.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		for _, v := range definition.Spec.Versions {
			if v.Name == version {
				write(t, dir, d, strict(v.Schema.OpenAPIV3Schema).(schema))
			}
		}
	}
}

// write writes the schema of a document's kind.
func write(t *testing.T, dir string, d document, of schema) {
	t.Helper()
	text, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ToLower(d.Kind + "_" + strings.ReplaceAll(d.APIVersion, "/", "_") + ".json")
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// collect puts a definition and all that it refers to into needed.
func collect(name string, all, needed map[string]schema) {
	if _, ok := needed[name]; ok {
		return
	}
	needed[name] = strict(all[name]).(schema)
	for _, other := range references(all[name]) {
		collect(strings.TrimPrefix(other, "#/definitions/"), all, needed)
	}
}

// references are the definitions that a part of a schema names.
func references(part any) (names []string) {
	switch part := part.(type) {
	case schema:
		if name, ok := part["$ref"].(string); ok {
			names = append(names, name)
		}
		for _, value := range part {
			names = append(names, references(value)...)
		}
	case []any:
		for _, value := range part {
			names = append(names, references(value)...)
		}
	}
	return names
}

// strict is a copy of a part of a schema that refuses keys which it doesn't know. What may be a number or a string, Quantity and
// IntOrString, is written as a string in the OpenAPI.
func strict(part any) any {
	switch part := part.(type) {
	case schema:
		out := schema{}
		for key, value := range part {
			out[key] = strict(value)
		}
		if _, ok := part["properties"]; ok && part["type"] == "object" && part["x-kubernetes-preserve-unknown-fields"] != true {
			if _, ok := part["additionalProperties"]; !ok {
				out["additionalProperties"] = false
			}
		}
		quantity, _ := part["description"].(string)
		if part["format"] == "int-or-string" || part["x-kubernetes-int-or-string"] == true || strings.HasPrefix(quantity, "Quantity is") {
			maps.DeleteFunc(out, func(key string, _ any) bool { return key == "format" || key == "anyOf" })
			out["type"] = []any{"string", "number"}
		}
		return out
	case []any:
		out := make([]any, len(part))
		for i, value := range part {
			out[i] = strict(value)
		}
		return out
	}
	return part
}

// list is a value as a list, which is empty when it is none.
func list(value any) []any {
	values, _ := value.([]any)
	return values
}
