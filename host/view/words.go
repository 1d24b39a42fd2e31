package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// short cuts the middle out of a text that is longer than n runes.
func short(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	tail := (n - 1) / 2
	return string(runes[:n-1-tail]) + "…" + string(runes[len(runes)-tail:])
}

// demoWidth is how many columns the report of the demonstration takes at most: those of a terminal as it opens.
const demoWidth = 80

// shortEnd cuts off the end of a text that is longer than n runes.
func shortEnd(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return strings.TrimRight(string(runes[:n-1]), " ") + "…"
	}
	return text
}

// wrap is a text on lines of at most width columns, the first of which begins with before, all others with indent.
func wrap(before, indent, text string, width int) string {
	var b strings.Builder
	line := before
	for _, word := range strings.Fields(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width && strings.TrimSpace(line) != "" {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		if line != "" && !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += short(word, width-len(indent))
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// or is the text, or a dash for none.
func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// number is a count in at most six characters.
func number(n int64) string {
	switch {
	case n < 100_000 && n > -10_000:
		return strconv.FormatInt(n, 10)
	case n < 10_000_000:
		return strconv.FormatInt(n/1000, 10) + "k"
	}
	return strconv.FormatInt(n/1_000_000, 10) + "M"
}

// lag is a span, or a dash for none that is known. What comes from a clock that is ahead isn't late.
func lag(seconds *float64) string {
	if seconds == nil {
		return "-"
	}
	return span(max(0, *seconds))
}

// times is a count in words.
func times(n int64) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return strconv.FormatInt(n, 10) + " times"
}

// span is a duration in its two largest units.
func span(seconds float64) string {
	if seconds < 0 {
		return "-" + span(-seconds)
	}
	n := int64(seconds)
	switch {
	case n < 60:
		return fmt.Sprintf("%ds", n)
	case n < 3600:
		return fmt.Sprintf("%dm%02ds", n/60, n%60)
	case n < 86400:
		return fmt.Sprintf("%dh%02dm", n/3600, n%3600/60)
	}
	return fmt.Sprintf("%dd%02dh", n/86400, n%86400/3600)
}

// clock is a time in UTC to the minute, or a dash for none.
func clock(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// Fit is as much of a text as a screen holds, one line of which stays free for the cursor. What is too wide loses its end, what is too
// long its last lines, which is said. No columns or no lines are no limit.
func Fit(text string, columns, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if lines > 2 && len(all) > lines-1 {
		left := len(all) - (lines - 2)
		all = append(all[:lines-2:lines-2], fmt.Sprintf("... and %d more lines: riskrelay status shows all", left))
	}
	if columns > 0 {
		for i, line := range all {
			all[i] = shortEnd(line, columns)
		}
	}
	return strings.Join(all, "\n") + "\n"
}
