package compile

import (
	"fmt"
	"regexp"
	"strings"
)

// foreignSyntax says what CEL writes for what stands where the parser stopped, at a place in characters: the commonest slips of who
// knows KQL, SQL, Python or Sigma. "" for everything else.
func foreignSyntax(expr []rune, at int) string {
	at = max(0, min(at, len(expr)))
	rest, before := string(expr[at:]), strings.TrimRight(string(expr[:at]), " \t\n")
	if word, ok := foreignWords[strings.ToLower(firstWord.FindString(rest))]; ok {
		return word
	}
	switch {
	case strings.EqualFold(lastWord.FindString(before), "not"):
		return "CEL writes `!` for not: `!(...)`"
	case strings.HasPrefix(rest, "<>"), strings.HasPrefix(rest, ">") && strings.HasSuffix(before, "<"):
		return "CEL writes `!=` for not equal"
	case strings.HasPrefix(rest, "="):
		return "CEL compares with `==`"
	case strings.HasPrefix(rest, "&"):
		return "CEL writes `&&` for and"
	case strings.HasPrefix(rest, "|"):
		return "CEL writes `||` for or"
	case strings.HasPrefix(rest, ",") && openedIn.MatchString(before):
		return "CEL writes a list in brackets: in [\"a\", \"b\"]"
	}
	return foreignEscape(rest)
}

var (
	firstWord = regexp.MustCompile(`^\w+`)
	lastWord  = regexp.MustCompile(`\w+$`)
	openedIn  = regexp.MustCompile(`\bin\s*\([^()]*$`)

	// foreignWords are operators of other languages.
	foreignWords = map[string]string{
		"and":        "CEL writes `&&` for and",
		"or":         "CEL writes `||` for or",
		"contains":   "CEL writes `x.contains(\"a\")`",
		"startswith": "CEL writes `x.startsWith(\"a\")`",
		"endswith":   "CEL writes `x.endsWith(\"a\")`",
		"matches":    "CEL writes `x.matches(\"a\")`",
		"like":       "CEL writes `x.contains(\"a\")`, or `x.matches(\"a.*b\")` for a pattern",
		"is":         "CEL compares with `==`",
	}

	// badEscape is a text up to the first backslash with a letter behind it that CEL doesn't escape with.
	// https://github.com/google/cel-spec/blob/master/doc/langdef.md#string-and-bytes-values
	badEscape = regexp.MustCompile("^[\"'](?:[^\"'\\\\]|\\\\[abfnrtvxuUX0-7\\\\?\"'`])*\\\\([^abfnrtvxuUX0-7\\\\?\"'`])")
)

// foreignEscape is about a text that begins rest and has an escape that CEL doesn't know, such as that of a pattern.
func foreignEscape(rest string) string {
	m := badEscape.FindStringSubmatch(rest)
	if m == nil {
		return ""
	}
	return fmt.Sprintf("a backslash in a text is written twice, `\\\\%s`, or the text as r\"...\", in which it stands for itself", m[1])
}

// receivers are functions of CEL that stand behind the text that they look at.
// https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
var receivers = map[string]bool{"contains": true, "startsWith": true, "endsWith": true, "matches": true}

// foreignCall says how a function that was called with a text in front is called; "" when it can be.
func foreignCall(function, arguments string) string {
	if !receivers[function] || !strings.HasPrefix(arguments, "(string, ") {
		return ""
	}
	return fmt.Sprintf("it stands behind the text: `x.%s(\"a\")`", function)
}

// foreignOperand says how two values of types that an operator can't work on are made alike; "" when nobody knows.
func foreignOperand(types string) string {
	for _, known := range []struct{ one, other, advice string }{
		{"timestamp", "string", "write timestamp(\"2026-01-02T15:04:05Z\") for a time"},
		{"duration", "string", "write duration(\"1h\") for a length of time"},
		{"int", "string", "write a number without quotes, or string(x) for its digits"},
		{"double", "string", "write a number without quotes, or string(x) for its digits"},
		{"bool", "string", "write true or false without quotes"},
		{"int", "double", "write double(x) for the whole number, or the number with a point: 5.0"},
	} {
		if types == known.one+" and "+known.other || types == known.other+" and "+known.one {
			return known.advice
		}
	}
	return ""
}
