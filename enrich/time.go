package enrich

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a time as Azure's own tools write it, and returns it in UTC; false when the text is no time, or could be
// more than one. A time without a zone is UTC, as all times of Log Analytics are. What is read:
//
//   - ISO 8601, also with a space for the T, a comma for the point, an offset without colon, and without seconds or zone:
//     2026-09-08T10:10:00.1234567Z, 2026-09-08 10:10:00.123000+00:00, 20260908T101000Z
//   - with slashes: the year first, or the month first before AM or PM, as the portal and .NET write it: 9/8/2026, 10:10:00.123 AM
//     +00:00. Without AM or PM only where it can be but one day: 13/8/2026 10:10:00
//   - with the month's English name, as in HTTP headers and in JavaScript: Tue, 08 Sep 2026 10:10:00 GMT
//   - seconds or milliseconds since 1970, and /Date(1788862200000)/ as older .NET serializers write it
//
// Programs write the beginning of their calendar for "none": year 1 in .NET, 1601 in Windows, 1970 in Unix. These are no times.
// A day without a time of day is none either: nobody knows the hour.
func ParseTime(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, text) // what the service itself writes
	ok := err == nil
	if !ok {
		at, ok = parseForeign(strings.Map(plainSpace, strings.Trim(text, "\" \t\r\n"))) // some tools quote twice
	}
	return sinceEpoch(at, ok)
}

// sinceEpoch is the time in UTC, unless it is a program's word for none.
func sinceEpoch(at time.Time, ok bool) (time.Time, bool) {
	if !ok || !at.After(time.Unix(0, 0)) {
		return time.Time{}, false
	}
	return at.UTC(), true
}

// plainSpace makes spaces of those that JavaScript puts before AM and PM, and in dates of some languages (U+202F, U+00A0).
func plainSpace(r rune) rune {
	if r == '\u202F' || r == '\u00A0' {
		return ' '
	}
	return r
}

// maxTimeText is longer than any time that a program writes.
const maxTimeText = 100

func parseForeign(text string) (time.Time, bool) {
	if len(text) > maxTimeText {
		return time.Time{}, false
	}
	if m := dotnetDate.FindStringSubmatch(text); m != nil {
		ms, err := strconv.ParseInt(m[1], 10, 64)
		return time.UnixMilli(ms), err == nil
	}
	if number.MatchString(text) {
		return parseEpoch(text)
	}
	day, rest, ok := parseDay(text)
	if !ok {
		return time.Time{}, false
	}
	return day.at(rest)
}

// https://learn.microsoft.com/dotnet/standard/datetime/system-text-json-support and the older JavaScriptSerializer: milliseconds
// since 1970 in UTC; an offset behind them says only where they were written.
var dotnetDate = regexp.MustCompile(`^\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/$`)

var number = regexp.MustCompile(`^\d+(?:\.\d*)?(?:[eE]\+?\d+)?$`)

// The times that a number is taken for: from 2000 to 2100. What lies outside is no time, such as a day in digits or ticks of 100 ns.
const (
	firstEpoch = 946_684_800
	lastEpoch  = 4_102_444_800
)

// parseEpoch reads seconds or milliseconds since 1970.
func parseEpoch(text string) (time.Time, bool) {
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case n >= firstEpoch && n < lastEpoch:
		return time.UnixMicro(int64(n*1e6 + 0.5)), true
	case n >= firstEpoch*1e3 && n < lastEpoch*1e3:
		return time.UnixMicro(int64(n*1e3 + 0.5)), true
	}
	return time.Time{}, false
}

// calendarDay is a day, and whether 12 hours are counted twice on it.
type calendarDay struct {
	year, month, day int
	// either says that day and month might be the other way round.
	either bool
}

var (
	isoDay     = regexp.MustCompile(`^(\d{4})[-/](\d{1,2})[-/](\d{1,2})`)
	compactDay = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)`)
	slashDay   = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})`)
	namedDay   = regexp.MustCompile(`^(?:[A-Za-z]{3,9},? +)?(\d{1,2})[ -]([A-Za-z]{3,9})[ -](\d{4})`)
	namedMonth = regexp.MustCompile(`^(?:[A-Za-z]{3,9},? +)?([A-Za-z]{3,9}) +(\d{1,2}),? +(\d{4})`)
)

// parseDay reads the day that text begins with, and returns the rest.
func parseDay(text string) (d calendarDay, rest string, ok bool) {
	if m := isoDay.FindStringSubmatch(text); m != nil {
		return calendarDay{year: atoi(m[1]), month: atoi(m[2]), day: atoi(m[3])}, text[len(m[0]):], true
	}
	if m := compactDay.FindStringSubmatch(text); m != nil {
		rest = "T" + m[4] + ":" + m[5] + ":" + m[6] + text[len(m[0]):]
		return calendarDay{year: atoi(m[1]), month: atoi(m[2]), day: atoi(m[3])}, rest, true
	}
	if m := slashDay.FindStringSubmatch(text); m != nil {
		d = calendarDay{year: atoi(m[3]), month: atoi(m[1]), day: atoi(m[2])}
		switch {
		case d.month > 12:
			d.month, d.day = d.day, d.month
		case d.day <= 12 && d.day != d.month:
			d.either = true
		}
		return d, text[len(m[0]):], true
	}
	if m := namedDay.FindStringSubmatch(text); m != nil {
		return calendarDay{year: atoi(m[3]), month: monthNamed(m[2]), day: atoi(m[1])}, text[len(m[0]):], true
	}
	if m := namedMonth.FindStringSubmatch(text); m != nil {
		return calendarDay{year: atoi(m[3]), month: monthNamed(m[1]), day: atoi(m[2])}, text[len(m[0]):], true
	}
	return d, "", false
}

// monthNamed is the month with the English name or the first three letters of it, 0 for none.
func monthNamed(name string) int {
	for m := time.January; m <= time.December; m++ {
		if full := m.String(); strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
			return int(m)
		}
	}
	return 0
}

// clockTime is a time of day with an optional AM or PM and an optional zone, the offset of which may follow GMT.
var clockTime = regexp.MustCompile(`^(?:[Tt]|,? +|,)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?` +
	`(?: ?([AaPp])\.?[Mm]\.?)?` +
	` *(?:Z|z|(?:UTC|GMT)?(?:([+-])(\d\d)(?::?(\d\d))?)?)(?: \([A-Za-z ]+\))?$`)

// at is the instant on the day that the clock shows.
func (d calendarDay) at(clock string) (time.Time, bool) {
	m := clockTime.FindStringSubmatch(clock)
	if m == nil || d.either && m[5] == "" {
		return time.Time{}, false
	}
	hour, minute, second := atoi(m[1]), atoi(m[2]), atoi(m[3])
	if m[5] != "" {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		hour %= 12
		if strings.EqualFold(m[5], "p") {
			hour += 12
		}
	}
	offsetHours, offsetMinutes := atoi(m[7]), atoi(m[8])
	if hour > 23 || minute > 59 || second > 59 || offsetHours > 14 || offsetMinutes > 59 {
		return time.Time{}, false
	}
	offset := offsetHours*3600 + offsetMinutes*60
	if m[6] == "-" {
		offset = -offset
	}
	at := time.Date(d.year, time.Month(d.month), d.day, hour, minute, second, nanoseconds(m[4]), time.FixedZone("", offset))
	real := d.month >= 1 && int(at.Month()) == d.month && at.Day() == d.day // 30 February isn't
	return at, real
}

// nanoseconds are the digits behind the point of a second.
func nanoseconds(digits string) int {
	const places = 9
	if len(digits) > places {
		digits = digits[:places]
	}
	return atoi(digits + strings.Repeat("0", places-len(digits)))
}

// atoi is the number that a few digits are, 0 for none.
func atoi(digits string) int {
	n, _ := strconv.Atoi(digits) // only digits come here
	return n
}
