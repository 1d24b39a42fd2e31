package loganalytics

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// checkValue says what is wrong with a value of a type, "" for nothing. Kusto makes null of what it can't read, and no comparison
// with null is true.
func checkValue(word, value string) string {
	if value == "null" {
		return ""
	}
	switch word {
	case "date", "datetime":
		return checkDate(word, value)
	case "guid", "uuid", "uniqueid":
		if !isGUID(value) {
			return fmt.Sprintf("has %s(%s), which is no GUID", word, value)
		}
	case "bool", "boolean":
		return unless(truth.MatchString(value), word, value, "neither true nor false")
	case "int", "int32":
		return unless(isWhole(value, 32), word, value, "no whole number of 32 bits")
	case "long", "int64":
		return unless(isWhole(value, 64), word, value, "no whole number of 64 bits")
	case "real", "double":
		return unless(number.MatchString(value) || value == "nan" || value == "+inf" || value == "-inf", word, value, "no number")
	case "decimal":
		return unless(number.MatchString(value), word, value, "no number")
	case "time", "timespan":
		return unless(span.MatchString(value), word, value, "no length of time such as 1.5h, 15 seconds or 1.02:30:00")
	}
	return ""
}

// unless is "" if fine, and otherwise says that a value is what it shouldn't be.
func unless(fine bool, word, value, what string) string {
	if fine {
		return ""
	}
	return fmt.Sprintf("has %s(%s), which is %s: the service may make null of it, and no row would fit", word, value, what)
}

// The spellings that Microsoft gives for each type.
// https://learn.microsoft.com/kusto/query/scalar-data-types/
var (
	truth  = regexp.MustCompile(`^(?:true|false|True|False|TRUE|FALSE|0|1)$`)
	number = regexp.MustCompile(`^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$`)
	span   = regexp.MustCompile(`^-?(?:\d+` + // days
		`|\d+(?:\.\d+)? ?(?:d|days?|h|hrs?|hours?|m|min|minutes?|s|sec|seconds?|ms|milliseconds?|microseconds?|ticks?)` +
		`|(?:\d+\.)?(?:[01]?\d|2[0-3]):[0-5]?\d(?::[0-5]?\d(?:\.\d{1,7})?)?)$`)
)

// isWhole reports whether a number of so many bits is spelled by value, in decimal or in hexadecimal digits.
func isWhole(value string, bits int) bool {
	_, err := strconv.ParseInt(value, 10, bits)
	if hex, ok := strings.CutPrefix(value, "0x"); ok {
		_, err = strconv.ParseUint(hex, 16, bits)
	}
	return err == nil && value[0] != '+'
}

// moment is ISO 8601, the only spelling that Microsoft advises: a date, perhaps with a time, perhaps with a zone.
// https://learn.microsoft.com/kusto/query/scalar-data-types/datetime#supported-formats
var moment = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?(?: ?(?:Z|[+-]\d{2}:\d{2}))?$`)

// checkDate says what is wrong with a date; an empty one is the current time.
func checkDate(word, value string) string {
	if value == "" {
		return ""
	}
	parts := moment.FindStringSubmatch(strings.TrimSpace(value))
	if parts == nil {
		return fmt.Sprintf("has %s(%s), which may be no date for the service: write it as 2027-01-31 or 2027-01-31T08:30:00Z", word, value)
	}
	var n [7]int // as parts: year, month, day, hour, minute, second from 1 on
	for i := 1; i < len(n); i++ {
		n[i], _ = strconv.Atoi(parts[i]) // only digits, or nothing
	}
	t := time.Date(n[1], time.Month(n[2]), n[3], n[4], n[5], n[6], 0, time.UTC)
	if n[1] == 0 || t.Month() != time.Month(n[2]) || t.Day() != n[3] || t.Hour() != n[4] || t.Minute() != n[5] || t.Second() != n[6] {
		return fmt.Sprintf("has %s(%s), which doesn't exist: the service would make null of it, and no row would fit", word, value)
	}
	return ""
}
