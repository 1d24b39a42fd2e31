package shape

import (
	"bytes"
	"errors"
	"io"
)

// csvRows takes CSV apart (RFC 4180): a record is a line, or several where a field in quotes has line breaks.
type csvRows struct {
	b     *block
	limit int
}

// next is the next record without its line end; io.EOF behind the last. Empty lines are left out.
func (v *csvRows) next() (Record, error) {
	for {
		r := Record{Line: v.b.line + 1, Offset: v.b.offset()}
		if v.b.at == len(v.b.text) && !v.b.more() {
			if err := v.b.failure(); err != nil {
				return Record{}, err
			}
			return Record{}, io.EOF
		}
		quoted := false
		text, long, _ := v.b.until(v.limit, func(text []byte, from int) (end, seen int) {
			return csvEnd(text, from, &quoted)
		})
		if r.Text = bytes.TrimRight(text, "\r\n"); len(r.Text) == 0 {
			continue
		}
		switch {
		case long:
			r.Err = errLong
		case quoted:
			r.Err = errors.New("a field in quotes doesn't end")
		}
		return r, nil
	}
}

// csvEnd is behind the line feed that ends a record, -1 for none. Two quotes in a field in quotes are one, and most of JSON in CSV is
// that: what is behind them isn't looked at from each of them.
func csvEnd(text []byte, from int, quoted *bool) (end, seen int) {
	for i := from; i < len(text); {
		if *quoted {
			k := bytes.IndexByte(text[i:], '"')
			if k < 0 {
				return -1, len(text)
			}
			i += k + 1
			if i < len(text) && text[i] == '"' {
				i++
				continue
			}
			*quoted = false
			continue
		}
		switch text[i] {
		case '"':
			*quoted = true
		case '\n':
			return i + 1, i + 1
		}
		i++
	}
	return -1, len(text)
}

// splitCSV appends the fields of a record to fields. Those in quotes are unquoted, which writes into record.
func splitCSV(fields [][]byte, record []byte) [][]byte {
	for {
		var field []byte
		if len(record) > 0 && record[0] == '"' {
			field, record = unquoteCSV(record)
		} else if i := bytes.IndexByte(record, ','); i >= 0 {
			field, record = record[:i], record[i:]
		} else {
			field, record = record, nil
		}
		fields = append(fields, field)
		if len(record) == 0 {
			return fields
		}
		record = record[1:] // the comma
	}
}

// unquoteCSV is the field at the beginning of a record, and what follows up to the comma behind it.
func unquoteCSV(record []byte) (field, rest []byte) {
	out := record[1:1]
	for i := 1; ; {
		k := bytes.IndexByte(record[i:], '"')
		if k < 0 {
			return append(out, record[i:]...), nil
		}
		out = append(out, record[i:i+k]...)
		if i += k + 1; i < len(record) && record[i] == '"' {
			out = append(out, '"')
			i++
			continue
		}
		comma := bytes.IndexByte(record[i:], ',')
		if comma < 0 {
			return append(out, record[i:]...), nil
		}
		return append(out, record[i:i+comma]...), record[i+comma:]
	}
}
