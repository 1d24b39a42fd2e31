// Package rules carries the built-in rule packs: Microsoft's security operations guide for applications, row by row.
// It is data; README.md lists the rules and guide.csv the rows of the guide.
//
//go:generate go test -run "TestReadme|TestSchema" -update .
package rules

import "embed"

// FS holds the rule files, at SECTION/NAME.yaml, the lists that they share, at lists/NAME.yaml,
// guide.csv, and the names of ATT&CK techniques in clouds, and of all tactics, in attack.csv (https://attack.mitre.org).
//
//go:embed guide.csv attack.csv credentials permissions keyvault consent configuration lists
var FS embed.FS
