// Package rules carries the built-in rule packs. A pack is a folder with the rows of the guide that it follows, in guide.csv,
// and with folders of rule files; applications is Microsoft's security operations guide for applications, row by row.
// It is data; README.md lists the rules. Adding a pack is adding its folder.
//
//go:generate go test -run "TestReadme|TestSchema" -update .
package rules

import "embed"

// FS holds the packs: their guides at PACK/guide.csv, rule files at PACK/SECTION/NAME.yaml, and rows of tests below
// PACK/SECTION/rows. Beside them are the lists that they share, at lists/NAME.yaml, and the names of ATT&CK techniques in
// clouds, and of all tactics, in attack.csv (https://attack.mitre.org).
//
//go:embed attack.csv lists/*.yaml */guide.csv */*/*.yaml */*/rows
var FS embed.FS
