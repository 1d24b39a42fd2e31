package rulefile

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
)

// JSONSchema is the format of rule files and tuning files as JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12), for
// editors. Some of what Parse checks can't be said in it, such as that ids are unique.
func JSONSchema() []byte {
	return written(schema{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "riskrelay rule file or tuning file",
		"type": "object", "required": []string{"kind"},
		"properties": schema{"kind": schema{"description": "Kind of the file.", "enum": kinds()}},
		"allOf":      []schema{ofKind(kindPack, packShape()), ofKind(kindTuning, tuningShape())},
	})
}

// written is the schema as a file.
func written(s schema) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return fmt.Appendf(nil, "%v", err) // never: the schema is made of maps, lists and texts
	}
	return text.Bytes()
}

// ofKind says what files of a kind look like. A file whose kind is misspelt is none of them, so that nothing else is
// said about it.
func ofKind(kind string, s shape) schema {
	return schema{"if": schema{"properties": schema{"kind": schema{"const": kind}}, "required": []string{"kind"}}, "then": s.schema()}
}

// schema is a JSON Schema.
type schema = map[string]any

// shape describes a mapping of the format.
type shape struct {
	doc   string
	keys  []key
	oneOf []string // of these keys exactly one must be there
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
	var choice []schema
	for _, name := range s.oneOf {
		choice = append(choice, schema{"required": []string{name}})
	}
	if len(choice) > 0 {
		out["oneOf"] = choice
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
	return shape{doc: "A rule pack, or a part of one.", keys: []key{
		{"apiVersion", required, "Version of the format.", wordShape(apiVersion)},
		{"kind", required, "Kind of the file.", wordShape(kindPack)},
		{"metadata", required, "Which pack the file belongs to.", metadataShape().schema()},
		{"on_error", optional, "What happens when a rule fails: the event goes out with the failure.", wordShape("annotate")},
		{"lists", optional, "Named lists, lists.NAME in expressions.", listShape(listOfTexts().schema())},
		{"macros", optional, "Named expressions with parameters, macros.NAME(...) in expressions.", listShape(macroShape().schema())},
		{"rules", optional, "The rules.", listShape(ruleShape().schema())},
	}}
}

func metadataShape() shape {
	return shape{doc: "Name and version of a pack.", keys: []key{
		{"name", required, "Name of the pack: a-z, 0-9 and hyphens.", patternShape(`[a-z0-9]+(-[a-z0-9]+)*`)},
		{"version", required, "Semantic version of the pack, such as 1.4.0.", textShape()},
		{"article", optional, "URL of what the pack implements.", textShape()},
		{"requires", optional, "What the pack needs.", requiresShape().schema()},
	}}
}

func requiresShape() shape {
	return shape{doc: "What a pack needs.", keys: []key{
		{"engine", required, "Versions of the rule language, such as >=1.0 <2.", textShape()},
	}}
}

func listOfTexts() shape {
	return shape{doc: "A named list of texts.", keys: []key{
		{"name", required, "Name in snake_case.", patternShape(`[a-z][a-z0-9_]*`)},
		{"doc", optional, "What the items are.", textShape()},
		{"case", optional, "Whether upper and lower case are different.", wordShape("sensitive", "insensitive")},
		{"items", optional, "The items; or give file.", itemsShape()},
		{"file", optional, "File with the items: a YAML list, CSV or one a line; relative to the rule file.", textShape()},
		{"column", optional, "Column of a CSV file.", textShape()},
	}, oneOf: []string{"items", "file"}}
}

func itemsShape() schema {
	return schema{"type": "array", "items": textShape(), "maxItems": MaxListItems}
}

func macroShape() shape {
	return shape{doc: "A named expression.", keys: []key{
		{"name", required, "Name in snake_case.", patternShape(`[a-z][a-z0-9_]*`)},
		{"doc", optional, "What it is.", textShape()},
		{"params", optional, "The parameters: names, or names and types.", listShape(schema{"anyOf": []schema{
			textShape(), paramShape().schema(),
		}})},
		{"expr", required, "CEL expression.", celShape()},
	}}
}

func paramShape() shape {
	return shape{doc: "A parameter with a type.", keys: []key{
		{"name", required, "Name.", textShape()},
		{"type", required, "Type of the rule language, such as string or list(string).", textShape()},
	}}
}

func ruleShape() shape {
	return shape{doc: "A rule.", keys: []key{
		{"id", required, "Dotted id in lower case, permanent; it is the tag.", patternShape(`[a-z0-9_-]+(\.[a-z0-9_-]+)+`)},
		{"title", required, "One line for people.", textShape()},
		{"description", optional, "What it looks for and why.", textShape()},
		{"status", optional, "How far it is; stable when absent.", wordShape("stable", "test", "experimental", "deprecated")},
		{"replaced_by", optional, "Id of the rule to use instead of a deprecated one.", textShape()},
		{"tables", required, "Log Analytics tables whose rows it judges.", schema{"type": "array", "items": textShape(), "minItems": 1, "uniqueItems": true}},
		{"guide", optional, "Rows of the guide that it implements.", listShape(textShape())},
		{"let", optional, "Named expressions for the others, evaluated when they are used.", schema{"type": "object", "additionalProperties": celShape()}},
		{"when", required, "CEL condition for a match.", celShape()},
		{"severity", required, "Severity of a match.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, "Points of a match, 0 to 100; the severity's usual score when absent.", scoreShape()},
		{"adjust", optional, "Steps that change severity and score of a match.", listShape(adjustShape().schema())},
		{"first_seen", optional, "Lowers a match whose key was seen before.", firstSeenShape().schema()},
		{"exceptions", optional, "Slots that tuning files may fill: a match of all fields means excluded.", listShape(slotShape().schema())},
		{"needs", optional, "Parts of the context without which the rule is off.", listShape(textShape())},
		{"on_error", optional, "What happens when the rule fails: the event goes out with the failure.", wordShape("annotate")},
		{"message", optional, "Text with CEL expressions in braces.", textShape()},
		{"objects", optional, "Who or what is at risk.", listShape(objectShape(celShape()).schema())},
		{"mitre", optional, "ATT&CK techniques and tactics.", listShape(patternShape(`T[0-9]{4}(\.[0-9]{3})?|TA[0-9]{4}`))},
		{"falsepositives", optional, "What matches without being bad.", listShape(textShape())},
		{"runbook", optional, "What to do about a match.", textShape()},
		{"references", optional, "URLs to read.", listShape(textShape())},
		{"tests", optional, "Examples of what it matches and what not.", listShape(testShape().schema())},
	}}
}

func firstSeenShape() shape {
	return shape{doc: "What tells new things from known ones.", keys: []key{
		{"key", required, "CEL expressions, each one value.", scalarsShape()},
		{"window", required, "How long a key is remembered, such as 30d.", textShape()},
		{"else", required, "What a match is worth when its key was seen before.", elseShape().schema()},
	}}
}

func scalarsShape() schema {
	return schema{"type": "array", "items": celShape(), "minItems": 1, "maxItems": maxFields}
}

func elseShape() shape {
	return shape{doc: "A change of severity and score.", keys: []key{
		{"severity", optional, "New severity.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, `New score, or a change such as "-20".`, scoreChangeShape()},
	}}
}

func slotShape() shape {
	return shape{doc: "A slot for exceptions.", keys: []key{
		{"name", required, "Name in snake_case.", patternShape(`[a-z][a-z0-9_]*`)},
		{"doc", optional, "What it is for.", textShape()},
		{"fields", required, "CEL expressions, each one value.", scalarsShape()},
		{"values", optional, "Rows of values from the author of the rule.", listShape(rowShape())},
	}}
}

// rowShape is a row of values: for each field a text, or a list of texts of which any fits.
func rowShape() schema {
	return schema{"type": "array", "minItems": 1, "items": schema{"anyOf": []schema{textShape(), listShape(textShape())}}}
}

func scoreShape() schema { return schema{"type": "integer", "minimum": 0, "maximum": 100} }

func scoreChangeShape() schema {
	return schema{"anyOf": []schema{
		{"type": "integer", "minimum": -100, "maximum": 100},
		{"type": "string", "pattern": "^[+-]?[0-9]{1,3}$"},
	}}
}

func adjustShape() shape {
	return shape{doc: "A step that changes a match.", keys: []key{
		{"if", required, "CEL condition.", celShape()},
		{"severity", optional, "New severity.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, `New score, or a change such as "+20".`, scoreChangeShape()},
		{"reason", required, "Why, for people; it travels with the event.", textShape()},
		{"guide", optional, "Notes of rows of the guide that the step implements, such as credentials-added/unused-type.", listShape(textShape())},
	}}
}

func objectShape(value schema) shape {
	return shape{doc: "Somebody or something at risk.", keys: []key{
		{"type", required, "user, application, service_principal, vault, ip, ...", patternShape(`[a-z][a-z0-9_]*`)},
		{"value", required, "Who or which.", value},
	}}
}

func testShape() shape {
	return shape{doc: "A test; exactly one of event, events and file.", keys: []key{
		{"name", required, "What it shows.", textShape()},
		{"at", optional, "The pinned clock, RFC 3339.", textShape()},
		{"context", optional, "What is known beside the rows, as in a context file.", contextShape().schema()},
		{"event", optional, "A row, with the table's name in Type.", openShape()},
		{"events", optional, "Several rows.", listShape(openShape())},
		{"file", optional, "File of rows, relative to the rule file.", textShape()},
		{"want", required, "none, or what one row at least must match as.", schema{"anyOf": []schema{
			wordShape("none"), wantShape().schema(),
		}}},
	}, oneOf: []string{"event", "events", "file"}}
}

func wantShape() shape {
	return shape{doc: "A match in which everything that is given is equal.", keys: []key{
		{"severity", optional, "Severity after all steps.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, "Score after all steps.", scoreShape()},
		{"reasons", optional, "All reasons, in any order.", listShape(textShape())},
		{"message", optional, "The message.", textShape()},
		{"objects", optional, "All objects, in any order.", listShape(objectShape(textShape()).schema())},
	}}
}
