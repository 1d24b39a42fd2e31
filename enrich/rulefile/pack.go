package rulefile

import (
	"encoding/json"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Limits of a file. They keep a bad or hostile file from using up the host.
const (
	MaxFileSize   = 4 << 20 // bytes
	MaxExpression = 4096    // characters of a CEL expression
	MaxListItems  = 100_000
	MaxContext    = 32 << 20 // bytes of a context file, which may hold all applications of a tenant
	MaxWatchlist  = 16 << 20 // bytes of a file that a list is read from
	MaxTestRows   = 16 << 20 // bytes of a file with the rows of a test
)

// Pack is one rule file. Several files with the same name and version make up one pack; their lists and macros are
// visible in all of them.
type Pack struct {
	File    string
	Name    diag.Text
	Version diag.Text  // semantic version, https://semver.org
	Engine  Constraint // which versions of the rule language the pack is written for
	Article diag.Text  // URL of what the pack implements; may be absent
	Lists   []List
	Macros  []Macro
	Rules   []Rule
}

// List is a named set of strings, lists.NAME in expressions. Its items stand in the rule file, or in a file of their
// own.
type List struct {
	Name            diag.Text
	Doc             diag.Text
	CaseInsensitive bool // letters in upper and lower case are alike
	Items           []diag.Text
	File            Watchlist // where the items are instead; [Load] fills FromFile with them
	FromFile        []string
	Added, Removed  []diag.Text // what tuning files add and take away; [Load] fills them
}

// Watchlist names a file with the items of a list.
type Watchlist struct {
	Path   diag.Text // relative to the folder of the file that names it
	Column diag.Text // of a CSV file
}

// Macro is a named expression with parameters, macros.NAME(...) in expressions.
type Macro struct {
	Name   diag.Text
	Doc    diag.Text
	Params []Param
	Expr   diag.Text
}

// Param is a parameter of a macro. Type is a type of the rule language, such as string or list(string); absent, it
// takes anything.
type Param struct {
	Name diag.Text
	Type diag.Text
}

// Rule is one rule. Fields that the file doesn't have are zero; see [Text.Present].
type Rule struct {
	Pos            diag.Pos
	Path           string    // "pack x 1.0.0 > rule y", for problems
	ID             diag.Text // dotted, lower case, permanent; it is the tag
	Title          diag.Text
	Description    diag.Text
	Status         diag.Text   // stable, test, experimental or deprecated; absent means stable
	ReplacedBy     diag.Text   // the id of the rule to use instead of a deprecated one
	Tables         []diag.Text // Log Analytics tables
	Guide          []diag.Text // rows of the guide, or notes of a row behind a slash, as slugs
	Let            []Let
	When           diag.Text // bool CEL
	Severity       diag.Text // one of enrich.SeverityNames
	Score          Score
	Adjust         []Adjust
	FirstSeen      *FirstSeen
	Exceptions     []Exception
	Needs          []diag.Text // parts of the context without which the rule is off, such as business_hours or lists.vips
	Message        diag.Text   // text with CEL pieces in braces
	Objects        []Object
	Mitre          []diag.Text // ATT&CK techniques (T1098.001) and tactics (TA0003)
	FalsePositives []diag.Text
	Runbook        diag.Text
	References     []diag.Text
	Tests          []Test
	Tuned          Tuned // what tuning files say about the rule; [Load] fills it
}

// FirstSeen lowers a match whose key was seen before.
type FirstSeen struct {
	Pos      diag.Pos
	Key      []diag.Text // CEL expressions, of which each is one value
	Window   time.Duration
	Severity diag.Text // of a match whose key was seen within Window before; absent leaves it
	Score    Score
}

// Exception is a way to except events from a rule that the rule's author allows: an event is excepted when all fields are
// equal to one row of values.
type Exception struct {
	Name   diag.Text
	Doc    diag.Text
	Fields []diag.Text // CEL expressions, of which each is one value
	Values []Tuple     // from the author
}

// Tuple is one row of values of an exception: for each field the texts that fit. Upper and lower case are alike.
type Tuple [][]diag.Text

// Let is a named expression that later expressions of the rule may use.
type Let struct {
	Name diag.Text
	Expr diag.Text
}

// Score is a number of points, 0 to 100, or in an adjust step a change by -100 to 100.
type Score struct {
	diag.Text
	Points   int
	Relative bool // Points are added to the score instead of replacing it
}

// Adjust is a change of severity and score that is made when If holds. Without Severity or Score that one stays.
type Adjust struct {
	If       diag.Text // bool CEL
	Severity diag.Text
	Score    Score
	Reason   diag.Text
	Guide    []diag.Text // notes of rows of the guide that the step implements
}

// Object is somebody or something put at risk. In a rule the value is a CEL string, in a test it is the value itself.
type Object struct {
	Type  diag.Text
	Value diag.Text
}

// Document is a part of a file that isn't looked into here, as JSON on one line.
type Document struct {
	JSON json.RawMessage
	Keys []diag.Text // the names of its members, at their places
	Pos  diag.Pos
}

// Test is an example of a rule's judgment. Exactly one of Events (from the keys event and events) and File is set.
type Test struct {
	Name    diag.Text
	At      time.Time // the pinned clock; zero means the wall clock
	Context Document  // shape of a context file; absent when Context.JSON is nil
	Events  []Document
	Pins    []Pin     // the lists and baselines that Context has
	File    diag.Text // path of a file with rows, relative to the rule file
	Want    Want
}

// Pin is a name that the context of a test gives something to.
type Pin struct {
	Part string // lists or seen
	Name diag.Text
}

// Want is what a test expects: no match, or a match in which everything that is given here is equal.
type Want struct {
	Pos      diag.Pos
	None     bool
	Severity diag.Text
	Score    Score
	Reasons  []diag.Text // as a set; nil when it doesn't matter
	Message  diag.Text
	Objects  []Object // as a set; nil when it doesn't matter
}
