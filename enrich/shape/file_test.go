package shape_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// rows are the rows of a text, one a line: its table, then its columns; what is wrong stands in their place.
func rows(r io.Reader, o shape.Options) (kind shape.Kind, lines []string, err error) {
	f, err := shape.Open(r, o)
	if err != nil {
		return "", nil, err
	}
	for {
		record, err := f.Next()
		if errors.Is(err, io.EOF) {
			return f.Kind(), lines, nil
		}
		if err != nil {
			return f.Kind(), lines, err
		}
		if err = record.Err; err == nil {
			var table string
			var row enrich.Row
			if table, _, row, err = f.Parse(record.Text); err == nil {
				lines = append(lines, fmt.Sprintf("%d %s {%s}", record.Line, table, row.AppendFields(nil)))
			}
		}
		if err != nil {
			lines = append(lines, fmt.Sprintf("%d: %v", record.Line, err))
		}
	}
}

// TestFilesOfOneEvent has one event as different tools write it.
func TestFilesOfOneEvent(t *testing.T) {
	for name, kind := range map[string]shape.Kind{
		"az.json": shape.Rows, "la.csv": shape.RowsCSV, "no-line-feed-at-end.ndjson": shape.Rows, "portal.json": shape.Graph, "records.json": shape.Records,
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "same", name))
		if err != nil {
			t.Fatal(err)
		}
		for way, read := range packings(t, text) {
			got, lines, err := rows(read, shape.Options{})
			if err != nil || got != kind || len(lines) != 1 {
				t.Errorf("%s, %s: %s, %d rows, %v", name, way, got, len(lines), err)
				continue
			}
			for _, want := range []string{
				` AuditLogs {`, `"OperationName":"Add service principal credentials"`, `"TimeGenerated":"2026-09-08T23:10:00.1234567`, `"Id":"Directory_2f0b8a6d_1"`, `"AADOperationType":"Update"`,
				`"userPrincipalName": "ina@contoso.example"`, `"newValue": "[\"[KeyIdentifier=0a9d3c11-57c4-4b7e-9e55-2f1b4c6d8e90,KeyType=Password,KeyUsage=Verify,DisplayName=ops]\"]"`,
			} {
				if !strings.Contains(lines[0], want) {
					t.Errorf("%s, %s: no %s in %s", name, way, want, lines[0])
				}
			}
		}
	}
}

// packings are ways in which a text reaches a reader.
func packings(t *testing.T, text []byte) map[string]io.Reader {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	trimmed := bytes.TrimRight(text, "\r\n")
	return map[string]io.Reader{
		"as it is":      bytes.NewReader(text),
		"by bytes":      iotest.OneByteReader(bytes.NewReader(text)),
		"end with":      iotest.DataErrReader(bytes.NewReader(text)),
		"gzip":          &packed,
		"BOM":           io.MultiReader(strings.NewReader("\uFEFF"), bytes.NewReader(text)),
		"UTF-16 LE":     bytes.NewReader(utf16Text(text, binary.LittleEndian, true)),
		"UTF-16 BE":     bytes.NewReader(utf16Text(text, binary.BigEndian, true)),
		"UTF-16 no BOM": iotest.HalfReader(bytes.NewReader(utf16Text(text, binary.LittleEndian, false))),
		"CRLF":          bytes.NewReader(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))),
		"no last line":  bytes.NewReader(trimmed),
	}
}

func utf16Text(text []byte, order binary.AppendByteOrder, mark bool) (out []byte) {
	if mark {
		out = order.AppendUint16(out, 0xFEFF)
	}
	for _, c := range utf16.Encode([]rune(string(text))) {
		out = order.AppendUint16(out, c)
	}
	return out
}
