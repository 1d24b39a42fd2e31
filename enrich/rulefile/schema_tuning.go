package rulefile

import "github.com/riskrelay/riskrelay/enrich"

func tuningShape() shape {
	return shape{doc: "What an operator changes about a pack.", keys: []key{
		{"apiVersion", required, "Version of the format.", wordShape(apiVersion)},
		{"kind", required, "Kind of the file.", wordShape(kindTuning)},
		{"metadata", required, "Name of the tuning.", schema{
			"type": "object", "additionalProperties": false, "required": []string{"name"},
			"properties": schema{"name": patternShape(`[a-z0-9]+(-[a-z0-9]+)*`)},
		}},
		{"for", required, "The pack that it changes.", forShape().schema()},
		{"rules", optional, "Changes of rules.", listShape(tunedRuleShape().schema())},
		{"lists", optional, "Changes of lists.", listShape(tunedListShape().schema())},
	}}
}

func forShape() shape {
	return shape{doc: "A pack.", keys: []key{
		{"pack", required, "Name of the pack.", textShape()},
		{"version", optional, "Versions that the tuning was written for, such as >=1.4 <2.", textShape()},
	}}
}

func tunedRuleShape() shape {
	return shape{doc: "Changes of one rule.", keys: []key{
		{"id", required, "Id of the rule.", textShape()},
		{"base", optional, "Revision of the rule that the change was made for, or of its parts.", textShape()},
		{"set", optional, "New values.", setShape().schema()},
		{"exceptions", optional, "Exceptions by slot.", schema{
			"type": "object", "additionalProperties": listShape(exceptionShape().schema()),
		}},
		{"tests", optional, "Examples of what the tuned rule matches and what not.", listShape(testShape().schema())},
	}}
}

func setShape() shape {
	return shape{doc: "New values of a rule.", keys: []key{
		{"severity", optional, "Severity of a match.", wordShape(enrich.SeverityNames()...)},
		{"score", optional, "Points of a match, 0 to 100.", scoreShape()},
		{"enabled", optional, "Whether the rule runs.", schema{"type": "boolean"}},
	}}
}

func tunedListShape() shape {
	return shape{doc: "Changes of one list.", keys: []key{
		{"name", required, "Name of the list.", textShape()},
		{"add", optional, "Items to add.", itemsShape()},
		{"remove", optional, "Items to take away.", itemsShape()},
	}}
}

func exceptionShape() shape {
	return shape{doc: "An exception.", keys: []key{
		{"values", required, "A value for each field of the slot.", rowShape()},
		{"reason", required, "Why.", textShape()},
		{"owner", optional, "Who answers for it.", textShape()},
		{"ticket", optional, "Where it was agreed on.", textShape()},
		{"expires", required, "Last day, such as 2027-01-31, or never.", textShape()},
		{"effect", optional, "suppress, or the severity to lower the match to.", schema{"anyOf": []schema{
			wordShape("suppress"), effectShape().schema(),
		}}},
	}}
}

func effectShape() shape {
	return shape{doc: "A lower severity.", keys: []key{
		{"severity", required, "Severity of an excepted match.", wordShape(enrich.SeverityNames()...)},
	}}
}
