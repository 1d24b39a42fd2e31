package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// JSONSchema is the format of configuration files as JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12), for editors.
// It is made of [Reference]: its keys, its kinds of values, its comments. What [Load] checks besides can't be said in it.
func JSONSchema() ([]byte, error) {
	comments := yaml.CommentMap{}
	var file yaml.MapSlice
	if err := yaml.UnmarshalWithOptions([]byte(Reference()), &file, yaml.UseOrderedMap(), yaml.CommentToMap(comments)); err != nil {
		return nil, fmt.Errorf("read the reference: %w", err)
	}
	s := schemaOf(file, "$", comments)
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "riskrelay configuration"
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return text.Bytes(), nil
}

// schemaOf is the schema of values of which the reference shows one, at a place as comments name it. A value may be ${VARIABLE}
// instead, which is text.
func schemaOf(value any, at string, comments yaml.CommentMap) map[string]any {
	s := map[string]any{}
	switch v := value.(type) {
	case yaml.MapSlice:
		s["type"] = "object"
		if len(v) > 0 { // {} is a mapping of any keys
			s["properties"], s["additionalProperties"] = propertiesOf(v, at, comments), false
		}
	case []any:
		s["type"] = []string{"array", "null"}
		s["items"] = map[string]any{"type": []string{"string", "number"}}
		if len(v) > 0 {
			s["items"] = schemaOf(v[0], at+"[0]", comments)
		}
	case bool:
		s["type"] = []string{"boolean", "string"}
	case string:
		s["type"] = []string{"string", "number"}
	default:
		s["type"] = []string{"number", "string"}
	}
	if text := commentAt(at, comments); text != "" {
		s["description"] = text
	}
	return s
}

func propertiesOf(all yaml.MapSlice, at string, comments yaml.CommentMap) map[string]any {
	properties := map[string]any{}
	for _, item := range all {
		name := fmt.Sprint(item.Key)
		properties[name] = schemaOf(item.Value, at+"."+name, comments)
	}
	return properties
}

// commentAt is what stands above and behind a key.
func commentAt(at string, comments yaml.CommentMap) string {
	var lines []string
	for _, c := range comments[at] {
		for _, text := range c.Texts {
			lines = append(lines, strings.TrimSpace(text))
		}
	}
	return strings.Join(lines, " ")
}
