package config

import "github.com/riskrelay/riskrelay/enrich/diag"

// The codes of configuration problems.
const (
	CodeSyntax  = "C001" // not YAML
	CodeLimit   = "C002" // too large, too deep, or a part of YAML that isn't supported
	CodeUnknown = "C101" // unknown key
	CodeValue   = "C102" // a value of the wrong type, or one that can't be
	CodeEnv     = "C103" // a variable that isn't set
)

// Codes documents the codes of configuration problems, in their order. Codes are permanent.
func Codes() []diag.Code {
	return []diag.Code{
		{
			Code: CodeSyntax, Severity: diag.Error, Title: "The configuration isn't YAML",
			Explanation: "The file can't be read as YAML: a bracket or quote isn't closed, or indentation doesn't fit. Nothing of it is used.",
			Example:     "sinks: {splunk_hec: [{name: main}", Fix: "Look at the place that the message names. A text that begins with a bracket, quote, `!` or `%` needs quotes.",
		},
		{
			Code: CodeLimit, Severity: diag.Error, Title: "The configuration is over a limit",
			Explanation: "A file, its nesting and the variables in it have limits, so that a damaged file can't use up the machine. Anchors, aliases, merge keys and tags are refused: a value must read the same wherever it stands.",
			Example:     "sources: &shared {files: [rows.ndjson]}", Fix: "Put parts of the file into conf.d beside it, and write out what an anchor stands for.",
		},
		{
			Code: CodeUnknown, Severity: diag.Error, Title: "Unknown key of the configuration",
			Explanation: "A key that the configuration doesn't have would do nothing, and nobody would notice. Most often it is misspelt or indented wrongly.",
			Example:     "data_dri: /var/lib/riskrelay", Fix: "Correct the key as suggested. `riskrelay config reference` shows all keys with their defaults.",
		},
		{
			Code: CodeValue, Severity: diag.Error, Title: "A value that can't be",
			Explanation: "The value is of another kind than its key needs, out of its range, contradicts another value, or is a secret that doesn't belong into this file.",
			Example:     "drain: soon", Fix: "Write the value as the message says. `riskrelay config reference` says what each key takes.",
		},
		{
			Code: CodeEnv, Severity: diag.Error, Title: "A variable that isn't set",
			Explanation: "The file has ${NAME}, and the environment of riskrelay has no such variable. An empty value in its place could mean something else than intended.",
			Example:     "url: https://${SPLUNK}:8088", Fix: "Set the variable for the service, or give a default: ${NAME:-default}. $$ is a dollar sign.",
		},
	}
}
