package rulefile

import (
	_ "embed" // ContextReference
)

// ContextReference is a context file with every key and what it means.
//
//go:embed context.yaml
var ContextReference string

// ContextSchema is the format of context files as JSON Schema, draft 2020-12, for editors.
func ContextSchema() []byte {
	s := contextShape().schema()
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "riskrelay context file"
	return written(s)
}

func contextShape() shape {
	return shape{doc: "What rules know beside the event.", keys: []key{
		{"business_hours", optional, "When people work.", hoursShape().schema()},
		{"verified_domains", optional, "Your domains, each with all names below it.", listShape(textShape())},
		{"dns", optional, "What DNS says of hosts.", mapShape(wordShape("nxdomain", "resolves", "unknown"))},
		{"lists", optional, "Lists that rules ask for by name: the items, or a file that has them.", mapShape(schema{"anyOf": []schema{
			listShape(textShape()), listFileShape().schema(),
		}})},
		{"credential_lifetime", optional, "How long credentials of applications may live, such as 180d or 4320h.", textShape()},
		{"applications", optional, "Applications and service principals as Microsoft Graph describes them.", listShape(openShape())},
		{"seen", optional, "What rules are to know as seen before, by the name of the baseline.", mapShape(listShape(textShape()))},
	}}
}

func hoursShape() shape {
	return shape{doc: "When people work.", keys: []key{
		{"zone", optional, "IANA time zone, such as Europe/Berlin; UTC when absent.", textShape()},
		{"days", required, "Days of work.", listShape(wordShape("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
		{"from", required, "Begin, such as 08:00.", textShape()},
		{"to", required, "End, such as 18:00; before from it is on the next day.", textShape()},
		{"holidays", optional, "Days without work, such as 2026-12-25.", listShape(textShape())},
		{"changes", optional, "Windows in which work goes on.", listShape(shape{doc: "A window.", keys: []key{
			{"from", required, "Begin, RFC 3339.", textShape()},
			{"to", required, "End, RFC 3339.", textShape()},
		}}.schema())},
	}}
}

func listFileShape() shape {
	return shape{doc: "A file of items.", keys: []key{
		{"file", required, "Path, relative to the context file.", textShape()},
		{"column", optional, "Column of a CSV file.", textShape()},
	}}
}

func mapShape(of schema) schema { return schema{"type": "object", "additionalProperties": of} }
