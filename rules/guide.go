package rules

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Row is a row of a guide, or one of the sentences beside a row.
type Row struct {
	Pack    string // the folder of the pack
	Slug    string // how rules name the row; ROW/NOTE for a sentence beside it
	Section string // of the guide, which is the folder of the row's rules in the pack
	Title   string
	Risk    string // severity in the words of the guide: high, medium, low
	Where   string // where the guide looks for it, such as "Azure AD audit logs"
}

// Note reports whether it is one of the sentences beside a row, not a row.
func (r Row) Note() bool { return strings.Contains(r.Slug, "/") }

// Guide reads the guides of all packs in fsys, which is laid out as FS: pack by pack in the order of their names, and rows as
// the guide has them. The error names the file that isn't one.
func Guide(fsys fs.FS) (rows []Row, err error) {
	names, err := fs.Glob(fsys, "*/guide.csv")
	if err != nil {
		return nil, fmt.Errorf("look for guides: %w", err)
	}
	for _, name := range names {
		of, err := guideOf(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the rows of the guide %s: %w", name, err)
		}
		rows = append(rows, of...)
	}
	return rows, nil
}

// guideOf reads one guide. Its columns may stand in any order.
func guideOf(fsys fs.FS, name string) (rows []Row, err error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for _, record := range records[:min(1, len(records))] {
		for i, column := range record {
			at[column] = i
		}
	}
	for _, column := range []string{"row", "section", "title", "risk", "where"} {
		if _, ok := at[column]; !ok {
			return nil, fmt.Errorf("there is no column %s", column)
		}
	}
	for _, r := range records[1:] {
		rows = append(rows, Row{path.Dir(name), r[at["row"]], r[at["section"]], r[at["title"]], r[at["risk"]], r[at["where"]]})
	}
	return rows, nil
}
