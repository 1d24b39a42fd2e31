package loganalyticstest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// withTable returns the JSON object with the table's name in "Type", which ends up as one of its columns. Of
// members with one name the last counts.
func withTable(object []byte, table string) []byte {
	text := bytes.TrimSpace(object)
	if len(text) < 2 || text[len(text)-1] != '}' {
		return text // the parser will say what is wrong
	}
	out := append(make([]byte, 0, len(text)+len(table)+16), text[:len(text)-1]...)
	if body := bytes.TrimSpace(text[1 : len(text)-1]); len(body) > 0 {
		out = append(out, ',')
	}
	return append(append(append(out, `"Type":`...), enrich.AppendString(nil, table)...), '}')
}

// appendWire appends a cell of a stored row as the query API writes it: strings are never null, dynamic values are
// JSON in a string, times have seven digits, whole numbers are numbers and decimals strings.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
func appendWire(dst []byte, t enrich.Type, cell []byte) []byte {
	null := len(cell) == 0 || string(cell) == "null"
	quoted := !null && cell[0] == '"'
	text := string(cell)
	if quoted {
		if decoded, err := enrich.Unquote(cell); err == nil {
			text = string(decoded)
		}
	}
	switch {
	case null && t == enrich.String:
		return append(dst, `""`...)
	case null:
		return append(dst, "null"...)
	case t == enrich.Dynamic && !quoted:
		return enrich.AppendString(dst, compact(cell))
	case t == enrich.Dynamic, t == enrich.String && quoted:
		return append(dst, cell...)
	}
	return appendTyped(dst, t, text)
}

func appendTyped(dst []byte, t enrich.Type, text string) []byte {
	switch t {
	case enrich.Datetime:
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return enrich.AppendString(dst, kql.FormatTime(at))
		}
	case enrich.Bool:
		if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
			return strconv.AppendBool(dst, b)
		}
	case enrich.Int, enrich.Long:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return strconv.AppendInt(dst, n, 10)
		}
	case enrich.Real:
		if json.Valid([]byte(text)) {
			return append(dst, text...)
		}
	case enrich.GUID:
		return enrich.AppendString(dst, strings.ToLower(text))
	default:
		return enrich.AppendString(dst, text)
	}
	return append(dst, "null"...)
}

func compact(value []byte) string {
	var out bytes.Buffer
	if err := json.Compact(&out, value); err != nil {
		return string(value) // not reached: the parser has checked it
	}
	return out.String()
}
