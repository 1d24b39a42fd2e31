package rulefile

import (
	"encoding/json"
	"time"
)

// Limits of a file. They keep a bad or hostile file from using up the host.
const (
	MaxFileSize   = 4 << 20 // bytes
	MaxDepth      = 64      // nesting of YAML collections
	MaxExpression = 4096    // characters of a CEL expression
	MaxListItems  = 100_000
)

// Pack is one rule file. Several files with the same name and version make up one pack; their lists and macros are
// visible in all of them.
type Pack struct {
	File    string
	Name    Text
	Version Text // semantic version, https://semver.org
	Article Text // URL of what the pack implements; may be absent
	Lists   []List
	Macros  []Macro
	Rules   []Rule
}

// List is a named set of strings, lists.NAME in expressions.
type List struct {
	Name            Text
	Doc             Text
	CaseInsensitive bool // letters in upper and lower case are alike
	Items           []Text
}

// Macro is a named expression with parameters, macros.NAME(...) in expressions.
type Macro struct {
	Name   Text
	Doc    Text
	Params []Text
	Expr   Text
}

// Rule is one rule. Fields that the file doesn't have are zero; see [Text.Present].
type Rule struct {
	Pos            Pos
	Path           string // "pack x 1.0.0 > rule y", for problems
	ID             Text   // dotted, lower case, permanent; it is the tag
	Title          Text
	Description    Text
	Status         Text   // stable, test or experimental; absent means stable
	Tables         []Text // Log Analytics tables
	Guide          []Text // rows of the guide, as slugs
	Let            []Let
	When           Text // bool CEL
	Severity       Text // one of enrich.SeverityNames
	Score          Score
	Adjust         []Adjust
	Message        Text // text with CEL pieces in braces
	Objects        []Object
	Mitre          []Text // ATT&CK techniques (T1098.001) and tactics (TA0003)
	FalsePositives []Text
	Runbook        Text
	References     []Text
	Tests          []Test
}

// Let is a named expression that later expressions of the rule may use.
type Let struct {
	Name Text
	Expr Text
}

// Score is a number of points, 0 to 100, or in an adjust step a change by -100 to 100.
type Score struct {
	Text
	Points   int
	Relative bool // Points are added to the score instead of replacing it
}

// Adjust is a change of severity and score that is made when If holds. Without Severity or Score that one stays.
type Adjust struct {
	If       Text // bool CEL
	Severity Text
	Score    Score
	Reason   Text
}

// Object is somebody or something put at risk. In a rule the value is a CEL string, in a test it is the value itself.
type Object struct {
	Type  Text
	Value Text
}

// Document is a part of a file that isn't looked into here, as JSON on one line.
type Document struct {
	JSON json.RawMessage
	Pos  Pos
}

// Test is an example of a rule's judgment. Exactly one of Events (from the keys event and events) and File is set.
type Test struct {
	Name    Text
	At      time.Time // the pinned clock; zero means the wall clock
	Context Document  // shape of a context file; absent when Context.JSON is nil
	Events  []Document
	File    Text // path of a file with rows, relative to the rule file
	Want    Want
}

// Want is what a test expects: no match, or a match in which everything that is given here is equal.
type Want struct {
	Pos      Pos
	None     bool
	Severity Text
	Score    Score
	Reasons  []Text // as a set; nil when it doesn't matter
	Message  Text
	Objects  []Object // as a set; nil when it doesn't matter
}
