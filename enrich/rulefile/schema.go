package rulefile

import (
	"encoding/json"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
)

// JSONSchema is the format of rule files as JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12), for
// editors. Some of what Parse checks can't be said in it, such as that ids are unique.
func JSONSchema() []byte {
	s := packShape().schema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "riskrelay rule file"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Appendf(nil, "%v", err) // never: the schema is made of maps, lists and texts
	}
	return append(text, '\n')
}

// schema is a JSON Schema.
type schema = map[string]any

// shape describes a mapping of the format.
type shape struct {
	doc  string
	keys []key
}

// key is a key of a mapping with what its value may be.
type key struct {
	name  string
	need  presence
	doc   string
	value schema
}

func (s shape) schema() schema {
	properties, needed := schema{}, []string{}
	for _, k := range s.keys {
		value := schema{"description": k.doc}
		for name, v := range k.value {
			value[name] = v
		}
		properties[k.name] = value
		if k.need == required {
			needed = append(needed, k.name)
		}
	}
	out := schema{"type": "object", "description": s.doc, "properties": properties, "additionalProperties": false}
	if len(needed) > 0 {
		out["required"] = needed
	}
	return out
}

func textShape() schema { return schema{"type": "string"} }

func patternShape(pattern string) schema {
	return schema{"type": "string", "pattern": "^(" + pattern + ")$"}
}

func wordShape(words ...string) schema { return schema{"enum": words} }

// celShape is an expression: a number or boolean of YAML is one of CEL, too.
func celShape() schema {
	return schema{"type": []string{"string", "boolean", "number"}, "maxLength": MaxExpression}
}

func listShape(of schema) schema { return schema{"type": "array", "items": of} }

func openShape() schema { return schema{"type": "object"} }

func packShape() shape {
	return shape{"A rule pack, or a part of one.", []key{
		{"apiVersion", required, "Version of the format.", wordShape(apiVersion)},
		{"kind", required, "Kind of the file.", wordShape("RulePack")},
		{"metadata", required, "Which pack the file belongs to.", metadataShape().schema()},
		{"lists", optional, "Named lists, lists.NAME in expressions.", listShape(listOfTexts().schema())},
		{"macros", optional, "Named expressions with parameters, macros.NAME(...) in expressions.", listShape(macroShape().schema())},
		{"rules", optional, "The rules.", listShape(ruleShape().schema())},
	}}
}

func metadataShape() shape {
	return shape{"Name and version of a pack.", []key{
		{"name", required, "Name of the pack: a-z, 0-9 and hyphens.", patternShape(`[a-z0-9]+(-[a-z0-9]+)*`)},
		{"version", required, "Semantic version of the pack, such as 1.4.0.", textShape()},
		{"article", optional, "URL of what the pack implements.", textShape()},
	}}
}

func listOfTexts() shape {
	return shape{"A named list of texts.", []key{
		{"name", required, "Name in snake_case.", patternShape(`[a-z][a-z0-9_]*`)},
		{"doc", optional, "What the items are.", textShape()},
		{"case", optional, "Whether upper and lower case are different.", wordShape("sensitive", "insensitive")},
		{"items", required, "The items.", schema{"type": "array", "items": textShape(), "maxItems": MaxListItems}},
	}}
}

func macroShape() shape {
	return shape{"A named expression.", []key{
		{"name", required, "Name in snake_case.", patternShape(`[a-z][a-z0-9_]*`)},
		{"doc", optional, "What it is.", textShape()},
		{"params", optional, "Names of the parameters.", listShape(textShape())},
		{"expr", required, "CEL expression.", celShape()},
	}}
}

func ruleShape() shape {
	return shape{"A rule.", []key{
		{"id", required, "Dotted id in lower case, permanent; it is the tag.", patternShape(`[a-z0-9_-]+(\.[a-z0-9_-]+)+`)},
		{"title", required, "One line for people.", textShape()},
		{"description", optional, "What it looks for and why.", textShape()},
		{"status", optional, "How far it is; stable when absent.", wordShape("stable", "test", "experimental")},
		{"tables", required, "Log Analytics tables whose rows it judges.", schema{"type": "array", "items": textShape(), "minItems": 1, "uniqueItems": true}},
		{"guide", optional, "Rows of the guide that it implements.", listShape(textShape())},
		{"let", optional, "Named expressions for the others, evaluated when they are used.", schema{"type": "object", "additionalProperties": celShape()}},
		{"when", required, "CEL condition for a match.", celShape()},
		{"severity", required, "Severity of a match.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, "Points of a match, 0 to 100; the severity's usual score when absent.", schema{"type": "integer", "minimum": 0, "maximum": 100}},
		{"adjust", optional, "Steps that change severity and score of a match.", listShape(adjustShape().schema())},
		{"message", optional, "Text with CEL expressions in braces.", textShape()},
		{"objects", optional, "Who or what is at risk.", listShape(objectShape(celShape()).schema())},
		{"mitre", optional, "ATT&CK techniques and tactics.", listShape(patternShape(`T[0-9]{4}(\.[0-9]{3})?|TA[0-9]{4}`))},
		{"falsepositives", optional, "What matches without being bad.", listShape(textShape())},
		{"runbook", optional, "What to do about a match.", textShape()},
		{"references", optional, "URLs to read.", listShape(textShape())},
		{"tests", optional, "Examples of what it matches and what not.", listShape(testShape().schema())},
	}}
}

func adjustShape() shape {
	return shape{"A step that changes a match.", []key{
		{"if", required, "CEL condition.", celShape()},
		{"severity", optional, "New severity.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, `New score, or a change such as "+20".`, schema{"anyOf": []schema{
			{"type": "integer", "minimum": -100, "maximum": 100},
			{"type": "string", "pattern": "^[+-]?[0-9]{1,3}$"},
		}}},
		{"reason", required, "Why, for people; it travels with the event.", textShape()},
	}}
}

func objectShape(value schema) shape {
	return shape{"Somebody or something at risk.", []key{
		{"type", required, "user, application, service_principal, vault, ip, ...", patternShape(`[a-z][a-z0-9_]*`)},
		{"value", required, "Who or which.", value},
	}}
}

func testShape() shape {
	return shape{"A test; exactly one of event, events and file.", []key{
		{"name", required, "What it shows.", textShape()},
		{"at", optional, "The pinned clock, RFC 3339.", textShape()},
		{"context", optional, "What is known beside the rows, as in a context file.", openShape()},
		{"event", optional, "A row, with the table's name in Type.", openShape()},
		{"events", optional, "Several rows.", listShape(openShape())},
		{"file", optional, "File of rows, relative to the rule file.", textShape()},
		{"want", required, "none, or what one row at least must match as.", schema{"anyOf": []schema{
			wordShape("none"), wantShape().schema(),
		}}},
	}}
}

func wantShape() shape {
	return shape{"A match in which everything that is given is equal.", []key{
		{"severity", optional, "Severity after all steps.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, "Score after all steps.", schema{"type": "integer", "minimum": 0, "maximum": 100}},
		{"reasons", optional, "All reasons, in any order.", listShape(textShape())},
		{"message", optional, "The message.", textShape()},
		{"objects", optional, "All objects, in any order.", listShape(objectShape(textShape()).schema())},
	}}
}
