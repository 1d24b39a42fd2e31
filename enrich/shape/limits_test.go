package shape_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/shape"
)

const oneRow = `{"Type":"AuditLogs","TimeGenerated":"2026-09-08T23:10:00Z"}`

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zipped is a zip of files, given by name and text.
func zipped(t testing.TB, files ...string) *bytes.Reader {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes())
}

// TestPackedSizeIsBounded packs rows that are all the same, which become small, and sets bounds a bit below and above what they need.
func TestPackedSizeIsBounded(t *testing.T) {
	text := strings.Repeat(oneRow+"\n", 2000)
	packed := gzipped(t, text)
	ratio := int64(len(text) / len(packed))
	for name, open := range map[string]func() io.Reader{
		"gzip": func() io.Reader { return bytes.NewReader(packed) },
		"zip":  func() io.Reader { return zipped(t, "rows.json", text) },
	} {
		for _, c := range []struct {
			limits shape.Limits
			whole  bool
		}{
			{shape.Limits{}, true},
			{shape.Limits{Free: 1, Ratio: 2 * ratio}, true},
			{shape.Limits{Free: int64(len(text)), Ratio: 2}, true},
			{shape.Limits{Free: int64(len(text)) - 1, Ratio: ratio / 4}, false},
			{shape.Limits{Free: 1, Ratio: ratio / 4}, false},
		} {
			_, lines, err := rows(open(), shape.Options{Limits: c.limits})
			if whole := err == nil; whole != c.whole || whole && len(lines) != 2000 || !whole && !errors.As(err, new(*shape.PackedError)) {
				t.Errorf("%s, %+v: %d rows, %v", name, c.limits, len(lines), err)
			}
		}
	}
}

func TestZips(t *testing.T) {
	audit := `[{"activityDateTime":"t","activityDisplayName":"a"}]`
	// Names that lead out are names like others: nothing is written.
	_, lines, err := rows(zipped(t, "../../etc/a.json", oneRow, "folder/", "", "__MACOSX/._a.json", "\x00\x05", "C:\\b.json", audit, "c.json.gz", string(gzipped(t, oneRow+"\n"+oneRow))), shape.Options{})
	if err != nil || len(lines) != 4 || !strings.Contains(lines[1], "AuditLogs") {
		t.Errorf("%v, %v", lines, err)
	}
	if f, err := shape.Open(zipped(t, "a.json", oneRow), shape.Options{}); err != nil || f.Lines() || !strings.HasSuffix(f.About(), "(zip)") {
		t.Errorf("%v", err)
	}
	for want, r := range map[string]io.Reader{
		"at most 1 are read":             zipped(t, "a", oneRow, "b", oneRow),
		"can't be read from a pipe":      io.MultiReader(zipped(t, "a", oneRow)),
		`in "b", it begins with "hello"`: zipped(t, "b", "hello"),
		"read the zip: zip: not a valid": bytes.NewReader([]byte("PK\x03\x04 and nothing else")),
		"read the gzip: ":                bytes.NewReader([]byte("\x1f\x8b and nothing else")),
	} {
		if _, _, err := rows(r, shape.Options{Limits: shape.Limits{Files: 1}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, lines, err := rows(zipped(t), shape.Options{}); err != nil || len(lines) != 0 {
		t.Errorf("an empty zip: %v, %v", lines, err)
	}
}

// TestCutPacked holds that half a packed file is an error, not a short one.
func TestCutPacked(t *testing.T) {
	packed := gzipped(t, strings.Repeat(oneRow+"\n", 300))
	for n := range len(packed) - 1 {
		if _, _, err := rows(bytes.NewReader(packed[:n+1]), shape.Options{}); err == nil {
			t.Fatalf("%d of %d bytes were read as a whole", n+1, len(packed))
		}
	}
}

// TestLongRecords has records around the bound.
func TestLongRecords(t *testing.T) {
	limits := shape.Limits{Record: 1000}
	row := func(n int) string {
		return `{"Type":"AuditLogs","X":"` + strings.Repeat("x", n-len(`{"Type":"AuditLogs","X":""}`)) + `"}`
	}
	csvRow := func(n int) string { return `AuditLogs,"` + strings.Repeat("x", n-len(`AuditLogs,""`+"\n")) + `"` }
	for name, text := range map[string]string{
		"list": "[" + strings.Join([]string{row(100), row(1000), row(1001), row(500_000), row(101)}, ",") + "]",
		"csv":  strings.Join([]string{"Type,X", csvRow(100), csvRow(1000), csvRow(1001), csvRow(500_000), csvRow(101)}, "\n") + "\n",
	} {
		_, lines, err := rows(strings.NewReader(text), shape.Options{Limits: limits})
		if err != nil || len(lines) != 5 {
			t.Fatalf("%s: %d rows, %v", name, len(lines), err)
		}
		for i, line := range lines {
			if long := strings.Contains(line, "longer than any record"); long != (i == 2 || i == 3) {
				t.Errorf("%s, record %d: %.100s", name, i, line)
			}
		}
	}
}

// TestBrokenFiles has files that are wrong somewhere: what can be read is, and each fault is named with its line.
func TestBrokenFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"cut list", `[` + oneRow + ",\n" + `{"Type":"Aud`, "1 row|2: the file ends in the middle of a record: was it copied while it was written?"},
		{"list without end", `[` + oneRow, "1 row|1: the file ends in the middle of a record: was it copied while it was written?"},
		{"record in a list", `[` + oneRow + `,{"Type":x},` + oneRow + `]`, "1 row|1: byte 9: unexpected 'x', want a JSON value|1 row"},
		{"not an object", `[` + oneRow + `,7,"x]",` + oneRow + `]`, "1 row|1: not a JSON object|1 row"},
		{"wrapper", `{"value":[{"activityDateTime":"t","activityDisplayName":"a"}],oops}`, "1 row|want the name of a member; what stands behind can't be read"},
		{"line", oneRow + "\nnonsense\n" + oneRow, "1 row|2: not a JSON object|1 row"},
		{"csv", "Type,TimeGenerated\nAuditLogs,t\nAuditLogs\n\nAuditLogs,\"a\"\"b\nc\"\nAuditLogs,\"t", "2 AuditLogs|3: the record has 1 fields|5 AuditLogs|7: a field in quotes doesn't end"},
		{"empty", " \n", ""},
		{"empty list", "[]", ""},
		{"empty reply", `{"@odata.context":"x","value":[]}`, ""},
		{"no records", `{"records":[ ]}`, ""},
		{"only a header", "Type,TimeGenerated", ""},
		{"query", `{"tables":[{"name":"P","columns":[{"name":"Type","type":"string"},{"name":"A","type":"dynamic"}],"rows":[["AuditLogs","[1]"],["x"]]}]}`, `1 AuditLogs {"Type":"AuditLogs","A":[1]}|1: row has 1 cells, the table has 2 columns`},
		{"query without columns", `{"tables":[{"rows":[["x"]]}]}`, `1: the reply has rows before the "columns"`},
	} {
		_, lines, err := rows(strings.NewReader(c.text), shape.Options{})
		if err != nil {
			lines = append(lines, err.Error())
		}
		var wants []string
		if c.want != "" {
			wants = strings.Split(c.want, "|")
		}
		ok := len(lines) == len(wants) || c.name == "not an object" && len(lines) == 4
		for i := range wants {
			if !ok || i >= len(lines) {
				break
			}
			if wants[i] == "1 row" {
				continue
			}
			ok = ok && strings.Contains(lines[i], wants[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", c.name, lines, wants)
		}
	}
}

func TestUnknownFiles(t *testing.T) {
	for text, want := range map[string]string{
		"hello\nworld":                   `it begins with "hello.world"`,
		"\x00\x01\x02\x03\x1b[31m":       `it begins with "....`,
		`{"a":1,"b":{"c":2}}`:            `JSON whose first object has the members "a, b"`,
		`[{"a":1}]`:                      `JSON whose first object has the members "a"`,
		`{"value":[{"id":"x"}]}`:         `JSON whose first object has the members "id"`,
		"a,b,c\n1,2,3":                   `a table whose columns are "a, b, c"`,
		`{"a":`:                          `broken JSON`,
		`[[1]]`:                          "not a JSON object",
		strings.Repeat("x", 300<<10):     `it begins with "xxx`,
		"<?xml version=\"1.0\"?><a></a>": `it begins with "<?xml`,
	} {
		_, _, err := rows(strings.NewReader(text), shape.Options{})
		if unknown := new(shape.UnknownError); !errors.As(err, &unknown) || !strings.Contains(unknown.Seen, want) || strings.ContainsAny(err.Error(), "\x00\x1b\n") {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
	broken := io.MultiReader(strings.NewReader("["), errReader{})
	if _, _, err := rows(broken, shape.Options{}); !errors.Is(err, errBroken) {
		t.Errorf("a reader that fails: %v", err)
	}
	broken = io.MultiReader(strings.NewReader("["+oneRow+","), errReader{})
	if _, lines, err := rows(broken, shape.Options{}); !errors.Is(err, errBroken) || len(lines) != 1 {
		t.Errorf("a reader that fails later: %v, %v", lines, err)
	}
}

var errBroken = errors.New("broken")

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

func TestKindOverrules(t *testing.T) {
	for _, c := range []struct {
		kind shape.Kind
		text string
		want string
	}{
		{shape.Rows, "x\n" + oneRow, "[1: not a JSON object 2 AuditLogs"},
		{shape.Graph, oneRow, "[1: not one of the objects that are read as graph]"},
		{shape.Records, `{"records":[{"category":"Unknown"}]}`, "[1: not a diagnostic record that riskrelay knows"},
		{shape.Rows, `[{"a":1}]`, `[1  {"a":1}]`},
	} {
		kind, lines, err := rows(strings.NewReader(c.text), shape.Options{Kind: c.kind})
		if err != nil || kind != c.kind || !strings.HasPrefix(fmt.Sprint(lines), c.want) {
			t.Errorf("%s: %s %v, %v", c.kind, kind, lines, err)
		}
	}
	for kind, text := range map[shape.Kind]string{shape.RowsCSV: oneRow, shape.EntraCSV: "Type,TimeGenerated\n", shape.OfficeCSV: "x"} {
		if _, _, err := rows(strings.NewReader(text), shape.Options{Kind: kind}); !errors.As(err, new(*shape.UnknownError)) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
