package rulefile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// MaxWatchlistItems bounds the items of a list that stands in a file of its own.
const MaxWatchlistItems = 1_000_000

// columnFits reports a column without a CSV file, and a CSV file without a column.
func (d *decoder) columnFits(w Watchlist) {
	switch isCSV := strings.EqualFold(path.Ext(w.Path.Value), ".csv"); {
	case isCSV && !w.Column.Present():
		d.problems = append(d.problems, w.Path.Problem(CodeMissing, 0, 0, "a CSV file needs the key `column`: the title of the column to take"))
	case !isCSV && w.Column.Present():
		d.problems = append(d.problems, w.Column.Problem(CodeValue, 0, 0, "only a file whose name ends with .csv has columns"))
	}
}

// ParseWatchlist reads the items of a list from the file called name. What the file holds is told by the end of its name:
//
//   - .yaml, .yml and .json: one list of texts;
//   - .csv: a table as in RFC 4180, with titles in the first row, of which column is one; commas, semicolons or tabs
//     stand between;
//   - any other: one item a line; empty lines and lines that begin with # are left out.
//
// White space around items and empty items are left out. A problem says why the file can't be read.
func ParseWatchlist(name string, data []byte, column string) ([]string, diag.Problems) {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		var items []string
		problems := read(name, data, func(d *decoder, n *node) {
			for _, t := range d.texts(n, anything) {
				items = append(items, t.Value)
			}
		})
		return items, problems
	}
	refuse := func(code, format string, args ...any) diag.Problems {
		return diag.Problems{{Pos: diag.Pos{File: name}, Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	switch {
	case len(data) > MaxWatchlist:
		return nil, refuse(CodeLimit, "the file is larger than %d bytes", MaxWatchlist)
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, refuse(CodeSyntax, "the file isn't UTF-8 text: save it as UTF-8")
	}
	var items []string
	var err error
	if text := normalized(data); strings.EqualFold(path.Ext(name), ".csv") {
		items, err = csvColumn(text, column)
	} else {
		items = lines(text)
	}
	switch {
	case err != nil:
		return nil, refuse(CodeSyntax, "%v", err)
	case len(items) > MaxWatchlistItems:
		return nil, refuse(CodeLimit, "the file has %d items, at most %d are read", len(items), MaxWatchlistItems)
	}
	return items, nil
}

func lines(text string) (items []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			items = append(items, line)
		}
	}
	return items
}

// csvColumn are the cells below the title column.
func csvColumn(text, column string) (items []string, err error) {
	r := csv.NewReader(strings.NewReader(text))
	r.ReuseRecord, r.Comma = true, separator(text)
	titles, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: it needs a first row with the titles of the columns")
	}
	if err != nil {
		return nil, csvError(err)
	}
	titles = slices.Clone(titles)
	at := slices.IndexFunc(titles, func(title string) bool { return strings.EqualFold(strings.TrimSpace(title), column) })
	if at < 0 {
		return nil, fmt.Errorf("there is no column `%s`: the first row has %s", column, strings.Join(titles, ", "))
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		if item := strings.TrimSpace(row[at]); item != "" {
			items = append(items, strings.Clone(item))
		}
	}
}

// separator is what stands between the titles; spreadsheets of some countries write semicolons.
func separator(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	for _, r := range []rune{',', ';', '\t'} {
		if strings.ContainsRune(first, r) {
			return r
		}
	}
	return ','
}

// csvError says where the table is damaged.
func csvError(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("line %d: %w", at.Line, at.Err)
	}
	return err
}
