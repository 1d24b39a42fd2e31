package kql

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// value is one scalar. Strings are never null in Kusto; an absent one is "".
type value struct {
	typ  enrich.Type
	null bool
	text string  // string, guid, decimal; dynamic as JSON
	n    int64   // bool (0, 1), int, long; datetime and timespan in ticks of 100 ns
	real float64 // real
}

// ticksPerSecond: Kusto's clock ticks in 100 ns.
const ticksPerSecond = 10_000_000

// unixSecond is how many seconds 1970 lies behind the year 1, where Kusto counts ticks from.
const unixSecond = 62135596800

func ticksOf(t time.Time) int64 {
	return (t.Unix()+unixSecond)*ticksPerSecond + int64(t.Nanosecond()/100)
}

func timeOf(ticks int64) time.Time {
	return time.Unix(ticks/ticksPerSecond-unixSecond, ticks%ticksPerSecond*100).UTC()
}

// FormatTime spells t as the service does: UTC with seven digits behind the second.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

func stringValue(s string) value   { return value{typ: enrich.String, text: s} }
func longValue(n int64) value      { return value{typ: enrich.Long, n: n} }
func timeValue(t time.Time) value  { return value{typ: enrich.Datetime, n: ticksOf(t)} }
func nullOf(t enrich.Type) value   { return value{typ: t, null: t != enrich.String} }
func boolValue(b bool) value       { return value{typ: enrich.Bool, n: int64(rank(b))} }
func (v value) isTrue() bool       { return v.typ == enrich.Bool && !v.null && v.n == 1 }
func isWhole(t enrich.Type) bool   { return t == enrich.Int || t == enrich.Long || t == enrich.Bool }
func isNumber(t enrich.Type) bool  { return isWhole(t) || t == enrich.Real || t == enrich.Decimal }
func isTicking(t enrich.Type) bool { return t == enrich.Datetime || t == enrich.Timespan }

// rank puts false before true.
func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unitTicks is the length of a unit of time, 0 when there is no such unit here.
func unitTicks(unit string) int64 {
	switch unit {
	case "d":
		return 24 * 3600 * ticksPerSecond
	case "h":
		return 3600 * ticksPerSecond
	case "m":
		return 60 * ticksPerSecond
	case "s":
		return ticksPerSecond
	}
	return 0
}

// decodeCell reads a cell in the wire format.
func decodeCell(t enrich.Type, cell []byte) value {
	v := nullOf(t)
	if len(cell) == 0 || string(cell) == "null" {
		return v
	}
	text, err := enrich.Unquote(cell)
	quoted := err == nil
	if !quoted {
		text = cell
	}
	switch t {
	case enrich.Dynamic:
		return dynamicOf(string(text))
	case enrich.String, enrich.GUID:
		return value{typ: t, text: string(text)}
	}
	if parsed, ok := parseAs(t, string(text)); ok {
		return parsed
	}
	return v
}

// dynamicOf is the dynamic value in text, which is JSON or, failing that, a bare string.
func dynamicOf(text string) value {
	if text == "" || text == "null" {
		return nullOf(enrich.Dynamic)
	}
	if !json.Valid([]byte(text)) {
		text = string(enrich.AppendString(nil, text))
	}
	return value{typ: enrich.Dynamic, text: text}
}

// parseAs reads text as a value of type t.
func parseAs(t enrich.Type, text string) (value, bool) {
	v := value{typ: t, text: text}
	var err error
	switch t {
	case enrich.Bool:
		var b bool
		b, err = strconv.ParseBool(strings.ToLower(text))
		v = boolValue(b)
	case enrich.Int, enrich.Long:
		v.n, err = strconv.ParseInt(text, 10, 64)
	case enrich.Real, enrich.Decimal:
		v.real, err = strconv.ParseFloat(text, 64)
	case enrich.Datetime:
		var at time.Time
		at, err = parseTime(text)
		v.n = ticksOf(at)
	case enrich.Timespan:
		v.n, err = parseSpan(text)
	}
	return v, err == nil
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a datetime", text)
}

// parseSpan reads a whole number with a unit.
func parseSpan(text string) (int64, error) {
	unit := strings.TrimLeft(text, "0123456789")
	n, err := strconv.ParseInt(strings.TrimSuffix(text, unit), 10, 64)
	return n * unitTicks(unit), err
}

// appendJSON appends v as a cell of the wire format.
func (v value) appendJSON(dst []byte) []byte {
	switch {
	case v.null:
		return append(dst, "null"...)
	case v.typ == enrich.Dynamic && strings.HasPrefix(v.text, `"`):
		return append(dst, v.text...)
	case v.typ == enrich.Bool:
		return strconv.AppendBool(dst, v.n == 1)
	case isWhole(v.typ):
		return strconv.AppendInt(dst, v.n, 10)
	case v.typ == enrich.Real && !math.IsNaN(v.real) && !math.IsInf(v.real, 0):
		return strconv.AppendFloat(dst, v.real, 'g', -1, 64)
	}
	return enrich.AppendString(dst, v.String())
}

// String is what tostring() makes of v.
func (v value) String() string {
	switch {
	case v.null:
		return ""
	case v.typ == enrich.Datetime:
		return FormatTime(timeOf(v.n))
	case v.isTrue():
		return "True"
	case v.typ == enrich.Bool:
		return "False"
	case isWhole(v.typ):
		return strconv.FormatInt(v.n, 10)
	case v.typ == enrich.Real:
		return strconv.FormatFloat(v.real, 'g', -1, 64)
	case v.typ == enrich.Dynamic:
		if text, err := enrich.Unquote([]byte(v.text)); err == nil {
			return string(text)
		}
	}
	return v.text
}

// number is v as a floating point number.
func (v value) number() float64 {
	if v.typ == enrich.Real || v.typ == enrich.Decimal {
		return v.real
	}
	return float64(v.n)
}

// scalar takes a scalar out of a dynamic value.
func (v value) scalar() value {
	if v.typ != enrich.Dynamic || v.null {
		return v
	}
	switch c := v.text[0]; {
	case c == '"':
		return stringValue(v.String())
	case c == 't' || c == 'f':
		return boolValue(c == 't')
	case c == '-' || isDigit(c):
		if n, ok := parseAs(enrich.Long, v.text); ok {
			return n
		}
		n, _ := parseAs(enrich.Real, v.text) // it is a JSON number, so it can be read
		return n
	}
	return v
}

// order compares values of one kind: negative, zero or positive. Nulls come first.
func order(a, b value) int {
	if a.null || b.null {
		return rank(!a.null) - rank(!b.null)
	}
	switch {
	case isTicking(a.typ) || isWhole(a.typ) && isWhole(b.typ):
		return cmp.Compare(a.n, b.n)
	case isNumber(a.typ) && isNumber(b.typ):
		return cmp.Compare(a.number(), b.number())
	}
	return strings.Compare(a.text, b.text)
}
