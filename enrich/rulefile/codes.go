package rulefile

import (
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// CodeByName returns the documentation of a code; false when there is no such code.
func CodeByName(code string) (diag.Code, bool) {
	for _, c := range Codes() {
		if c.Code == code {
			return c, true
		}
	}
	return diag.Code{}, false
}

// Codes documents every problem code, in the order of the codes. R0xx are about YAML and limits, R1xx about the shape
// of files, R2xx about expressions, and R3xx are warnings about rules that load.
func Codes() []diag.Code {
	return append(append(fileCodes(), expressionCodes()...), warningCodes()...)
}

func fileCodes() []diag.Code {
	return []diag.Code{
		code(
			"R001", diag.Error, "The file isn't YAML",
			"The file can't be read as one YAML document in UTF-8: a bracket or quote isn't closed, indentation doesn't fit, the file is empty or holds a second document.",
			"when: event.success ? true : false", "Look at the place that the message names. An expression with `: ` inside, and one that begins with a bracket, quote or `!`, needs quotes or a block (`|`).",
		),
		code(
			"R002", diag.Error, "Over a limit",
			"Files, nesting, lists and expressions have limits, so that a damaged or hostile file can't use up the machine.",
			"when: \"…5,000 characters…\"", "Split the file, or move a part of the expression into `let`, a macro or a list.",
		),
		code(
			"R003", diag.Error, "A part of YAML that rule files don't have",
			"Anchors, aliases, merge keys and tags are refused: a rule must read the same wherever it is copied to, and an alias can make a small file huge.",
			"lists: [{name: a, items: &shared [x]}]", "Write it out, or declare a list or macro and use it by name.",
		),
		code(
			"R101", diag.Error, "Unknown key",
			"A key that the format doesn't have would do nothing, and nobody would notice. Most often it is misspelt or indented wrongly.",
			"severty: high", "Correct the key as suggested. `riskrelay rules schema` prints the format for your editor.",
		),
		code(
			"R102", diag.Error, "Wrong type",
			"The value isn't of the kind that the key needs: a text where a list belongs, a number where a text belongs.",
			"tables: AuditLogs", "Write the value as the message says, here `tables: [AuditLogs]`. A number or boolean that is meant as text needs quotes.",
		),
		code(
			"R103", diag.Error, "Missing key",
			"A key that must be there isn't.",
			"- {id: my.rule, title: My rule, when: event.success}", "Add the key. A rule needs id, title, tables, when and severity.",
		),
		code(
			"R104", diag.Error, "Given twice",
			"The same key, let, item or name of a test stands twice, so that one of them would be ignored or taken for the other.",
			"severity: low\nseverity: high", "Remove one.",
		),
		code(
			"R105", diag.Error, "A value that can't be",
			"The value has the right type, but is none of those that are possible here.",
			"severity: urgent", "Use one of the values in the message.",
		),
		code(
			"R106", diag.Error, "The name is taken",
			"Ids of rules and names of lists and macros are unique over all files that are loaded together, built-in ones too, because the order of files has no meaning.",
			"- id: entra.app.owner.changed", "Choose another name, with the name of your organization in front: `acme.owner.changed`.",
		),
		code(
			"R107", diag.Error, "Files that contradict each other",
			"Two files that are loaded together can't both be right, such as two files of one pack with different versions.",
			"metadata: {name: acme, version: 1.1.0}   # another file says 1.0.0", "Make the files agree, or give one of the packs another name.",
		),
		code(
			"R108", diag.Warning, "A rule without tests",
			"A rule without a test that fires may never match, and one without a silent test may match everything.",
			"tests: []", "Add a test whose `want` is a match, and one with `want: none`. `riskrelay rules coverage` shows which conditions no test reaches.",
		),
		code(
			"R109", diag.Error, "The module refused the files",
			"A rule module gave a reason of its own that has no place in a file.",
			"(none)", "Read the message; it is the module's.",
		),
		code(
			"R110", diag.Error, "A tuning of something that doesn't exist",
			"A tuning file, or `replaced_by`, names a rule, list, slot or pack that no loaded file has. It would do nothing, and what it shall change would go on unchanged.",
			"rules: [{id: entra.app.owner.chnaged, set: {enabled: false}}]", "Correct the name as suggested, or remove the entry if the rule is gone.",
		),
		code(
			"R111", diag.Warning, "A tuning of something that has changed since",
			"The tuning was written for another revision of the rule's logic, so that it may no longer do what it was meant to.",
			"{id: entra.app.owner.changed, base: when:01234567 severity:89abcdef, ...}", "The message names the parts that changed: look at them with `riskrelay rules explain ID`, adapt the tuning, and write to `base` what the message shows.",
		),
		code(
			"R112", diag.Warning, "An exception that has ended or ends soon",
			"An exception works until its date. Behind it the rule matches again; the warning comes 14 days before.",
			"expires: 2026-01-31", "Remove the exception, or agree on another date with its owner.",
		),
		code(
			"R113", diag.Error, "A file of a list can't be found",
			"A list takes its items from a file that isn't there, can't be read, is no regular file, or leads out of the directory of rules by a link.",
			"lists: [{name: vips, file: vips.csv, column: upn}]", "Put the file beside the rule file, or correct the path.",
		),
		code(
			"R114", diag.Error, "A rule file that can't be read",
			"A file or folder below a directory of rules can't be opened, a link leads nowhere or out of the directory, or it is no regular file. Rules would be missing without anybody noticing.",
			"rules/link.yaml -> gone.yaml", "Correct its permissions or the link, or take it out of the directory.",
		),
		code(
			"R115", diag.Error, "A file of rows that can't be read",
			"A test takes its row from a file below the rule file's folder that isn't there or can't be read, so that the test can't pass.",
			"- {name: by a guest, file: rows/geust.json, want: none}", "Correct the path, or put the file there.",
		),
	}
}

func expressionCodes() []diag.Code {
	return []diag.Code{
		code(
			"R201", diag.Error, "The expression isn't CEL",
			"The expression, or a piece of a message in braces, can't be parsed as the Common Expression Language (https://cel.dev).",
			"when: event.success && (event.operation == \"x\"", "Correct the place under the caret. In a message, write `{{` for a brace that shall be shown.",
		),
		code(
			"R202", diag.Error, "Unknown column or field",
			"The table has no such column and the value no such field. Columns are spelled as in Log Analytics, views in lower case.",
			"when: event.OperationNam == \"x\"", "Correct the name as suggested. Tables whose columns riskrelay doesn't know have `event.column(\"Name\")`.",
		),
		code(
			"R203", diag.Error, "Unknown or taken name",
			"No variable, function, list, macro or let has this name, or a let or parameter would hide one that exists.",
			"when: event.role.id in lists.teir0_roles", "Correct the name as suggested, or declare the list, macro or let.",
		),
		code(
			"R204", diag.Error, "Types that don't go together",
			"An operator or function can't work on values of these types. CEL doesn't convert by itself.",
			"when: event.ResultType == 0   # ResultType is a string", "Compare with a value of the same type, or convert: `string(x)`, `int(x)`, `timestamp(x)`.",
		),
		code(
			"R205", diag.Error, "The expression has the wrong type for its key",
			"`when` and `if` must be true or false, and the value of an object must be a string.",
			"when: event.OperationName", "Compare the value with something: `event.OperationName != \"\"`.",
		),
		code(
			"R206", diag.Error, "Something that rules may not use",
			"CEL has it, but it can't be checked or bounded before the rule runs: regular expressions and names that are computed, whole variables, new objects.",
			"when: event.Category.matches(event.Result)", "Write a literal text, or name one field of the variable.",
		),
		code(
			"R207", diag.Error, "The expression could take too long",
			"The cost on the largest rows that are possible is estimated before the rule runs. Loops inside of loops are what makes it high.",
			"when: xs.exists(a, ys.exists(b, zs.exists(c, a == b && b == c)))", "Compare with a list by `in`, which is one step, or split the loops with `let`. `riskrelay rules explain ID` shows the estimate.",
		),
		code(
			"R208", diag.Error, "Unknown table",
			"No table is called so, and the name is nearly that of one. Events would never be of it.",
			"tables: [AuditLog]", "Correct the name as suggested. The names of a workspace's own tables end with `_CL`; rules for a table see its copies, `_RST` and `_SRCH`.",
		),
		code(
			"R209", diag.Error, "A condition that can't hold",
			"What is compared can't be equal, or what is asked for isn't there, in any event. `event.operation` is in lower case, with plain hyphens and single spaces; `event.actor.kind`, `event.role.principal_type`, `event.vault.class` and the types of targets are a few texts only.",
			"when: event.operation == \"Add Owner To Application\"", "Write the text as suggested, in the expression or in the list.",
		),
	}
}

func warningCodes() []diag.Code {
	return []diag.Code{
		code(
			"R301", diag.Warning, "Every event of the table is evaluated",
			"An index picks the rules that can match an event by conditions that must hold, such as an equality with a literal text. This rule has none, so it costs time on every event of its table.",
			"when: event.reason.contains(\"risk\")", "Add what must hold anyway, joined with `&&`: `event.operation == \"...\"` or `event.operation in lists.NAME`. With few such rules it doesn't matter.",
		),
		code(
			"R302", diag.Warning, "A property that nearly is a known one",
			"The rule asks how a property changed whose name is almost that of one that riskrelay knows. Events never have it if it is misspelt, so that the rule would never match.",
			"when: event.changed(\"KeyDescripton\")", "Correct the name as suggested. Where the log spells it like that, leave it.",
		),
		code(
			"R303", diag.Warning, "Upper case is looked for in a text in lower case",
			"`event.operation` is in lower case. A regular expression with a letter in upper case can match only by another of its branches. What `.lower()`, `guid_of()` and `fold()` give, `event.role.id`, `event.api.id`, `event.vault.name`, and `host` and `scheme` of an URI are in lower case, too: they are never equal to a text with upper case, nor in a list of such texts that heeds case.",
			"when: event.operation.matches(\"^Add (member|owner)\")", "Write the letters in lower case, or give the list `case: insensitive`. `event.OperationName` is the text as the log has it.",
		),
		code(
			"R304", diag.Warning, "A row that the guide doesn't have",
			"`guide` names the rows of Microsoft's security operations guide that a rule implements. What counts rows, such as `riskrelay rules list`, shows the rule under a row that there isn't.",
			"guide: [credential-added]", "Correct the name as suggested.",
		),
		code(
			"R305", diag.Warning, "A column that nearly is one of the table",
			"A row of a test has a column that the table doesn't have and whose name is almost that of one it has. No rule sees it there, so that a silent test may be silent for the wrong reason.",
			"event: {Type: AuditLogs, OperationNmae: Add member to role}", "Correct the name as suggested. Where the workspace has such a column of its own, leave it.",
		),
		code(
			"R306", diag.Warning, "A list, macro or let that nothing uses",
			"It stands in the file and decides about nothing. Most often an expression was changed and it was left behind, or its name stands for another one in the expression.",
			"let: {api: event.api}   # and no expression has api", "Use it, or take it out.",
		),
		code(
			"R307", diag.Warning, "A name in the context that no rule asks for",
			"The context file, or that of a test, gives items to a list or a baseline that no rule, or not the rule of the test, reads, so that a rule may be silent, or fire, for the wrong reason. Most often the name is misspelt.",
			"context: {lists: {admins: [ann@example.org]}}   # and the rule asks for context.list(\"administrators\")", "Correct the name as suggested, or take it out. Lists of rule files, lists.NAME, are changed by a tuning file, not by a context.",
		),
		code(
			"R308", diag.Warning, "A table whose columns riskrelay doesn't know",
			"The rule can ask for `event.column(\"Name\")` of any name and for `event.time`, and no mistake in a name can be found.",
			"tables: [Heartbeat]", "Nothing, when the name is right. Test the rule on rows that the workspace has.",
		),
		code(
			"R309", diag.Warning, "A column that the table doesn't have",
			"`event.column` takes any name, and is null where the row has no such column. riskrelay knows all columns that Azure gives this table, and the name isn't one of them.",
			"tables: [SigninLogs]   # when: event.column(\"AppDisplayname\") == \"web\"", "Correct the name as suggested. Where the workspace has added such a column, leave it.",
		),
		code(
			"R310", diag.Warning, "!= or ! on a member that may be absent",
			"A member of a dynamic column that the event doesn't have ends the rule without a match, on both sides of `!`. The same with a column itself does match: an absent column is an empty text, 0 or false.",
			"when: event.DeviceDetail.operatingSystem != \"Windows\"", "Write `!has(event.DeviceDetail.operatingSystem) || event.DeviceDetail.operatingSystem != \"Windows\"`, or `has(..) && ..` where silence is meant.",
		),
		code(
			"R311", diag.Warning, "A literal in arithmetic with a number whose type isn't known",
			"CEL calculates with two whole numbers or with two others, and doesn't mix them. A number in a dynamic column, or in one that no schema declares, is a whole one or not as the row has it. Comparisons such as `x > 5` are right for both.",
			"when: event.column(\"Score_d\") * 2 > 9", "Write `double(x) * 2.0`, or compare without arithmetic: `event.column(\"Score_d\") > 4.5`.",
		),
		code(
			"R312", diag.Warning, "An ATT&CK id that riskrelay doesn't know",
			"The id has the form of one, but isn't among the techniques for clouds and the tactics of MITRE ATT&CK that riskrelay carries. A SIEM would show a technique that doesn't exist.",
			"mitre: [T9999]", "Correct the id. One of another platform than clouds is right as it is.",
		),
	}
}

// The codes of the problems that this package finds.
const (
	CodeSyntax    = "R001" // not YAML
	CodeLimit     = "R002" // too large, too deep, too many
	CodeForbidden = "R003" // anchors, aliases, merge keys, tags
	CodeUnknown   = "R101" // unknown key
	CodeType      = "R102" // wrong type
	CodeMissing   = "R103" // missing key
	CodeRepeated  = "R104" // key given twice
	CodeValue     = "R105" // a value of the right type that can't be
	CodeDuplicate = "R106" // an id or name that another rule, list or macro has
	CodeConflict  = "R107" // files that contradict each other
	CodeTarget    = "R110" // a tuning of something that doesn't exist
	CodeDrift     = "R111" // a tuning of something that has changed since
	CodeExpiry    = "R112" // an exception that has ended or ends soon
	CodeFile      = "R113" // a file of a list that can't be found
	CodeUnread    = "R114" // a rule file that can't be read
	CodeGuide     = "R304" // warning: a row that the guide doesn't have
	CodeTechnique = "R312" // warning: an ATT&CK id that nobody knows
)

func code(code string, severity diag.Severity, title, explanation, example, fix string) diag.Code {
	return diag.Code{Code: code, Severity: severity, Title: title, Explanation: explanation, Example: example, Fix: fix}
}
