package loganalytics

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// kept keeps what a reply holds.
type kept struct {
	names []string
	types []enrich.Type
	rows  [][]string
}

func (k *kept) begin(names []string, types []enrich.Type) error {
	k.names, k.types = names, types
	return nil
}

func (k *kept) row(text []byte, cells []enrich.Span, _ []byte) error {
	var row []string
	for _, c := range cells {
		row = append(row, string(text[c.Start:c.End]))
	}
	k.rows = append(k.rows, row)
	return nil
}

const smallReply = "\xEF\xBB\xBF" + ` {"render": {"a": [1, {"b": "]}"}]}, "tables": [
	{"name": "Other", "columns": [{"name": "X", "type": "int"}], "rows": [[1], [2]]},
	{"name": "PrimaryResult", "extra": null, "columns": [{"name": "A", "type": "string"}, {"name": "B", "type": "long"}, {"name":"C","type":"dynamic"}],
	 "rows": [ ["a\"]", 9007199254740993, "{\"k\":[1,2]}"] , [null,-1.5e300,[1]],["é𝄞",0,""]]}
	], "statistics": {"query": {"cpu": 1.5}}, "error": null}` + "\n"

func TestReply(t *testing.T) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
		"halves": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		var got kept
		result, err := readReply(wrap(strings.NewReader(smallReply)), &got)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := kept{
			[]string{"A", "B", "C"},
			[]enrich.Type{"string", "long", "dynamic"},
			[][]string{{`"a\"]"`, "9007199254740993", `"{\"k\":[1,2]}"`}, {"null", "-1.5e300", "[1]"}, {`"é𝄞"`, "0", `""`}},
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(kept{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if result.rows != 3 || result.partial != nil || result.bytes != int64(len(smallReply)) {
			t.Errorf("%s: outcome is %+v", name, result)
		}
	}
}

func TestReplyIsRefused(t *testing.T) {
	const columns = `"columns":[{"name":"A","type":"int"}]`
	tests := map[string]struct{ reply, want string }{
		"empty":            {"", "reply is empty"},
		"white space":      {"  ", "ends too early"},
		"no JSON":          {"<html>", "malformed near byte 1"},
		"null":             {"null", "malformed"},
		"no tables":        {"{}", "no table called PrimaryResult"},
		"tables null":      {`{"tables":null}`, "malformed near byte 11"},
		"other table":      {`{"tables":[{"name":"T",` + columns + `,"rows":[]}]}`, "no table called PrimaryResult"},
		"no rows":          {`{"tables":[{"name":"PrimaryResult",` + columns + `}]}`, "has no rows"},
		"no columns":       {`{"tables":[{"name":"PrimaryResult","rows":[]}]}`, "rows without columns"},
		"no name":          {`{"tables":[{` + columns + `,"rows":[[1]]}]}`, "come before its name"},
		"twice":            {`{"tables":[{"name":"PrimaryResult",` + columns + `,"rows":[],"rows":[]}]}`, "or twice"},
		"column twice":     {`{"tables":[{"name":"PrimaryResult","columns":[{"name":"A"},{"name":"A"}],"rows":[]}]}`, `column 2 is called "A"`},
		"columns no list":  {`{"tables":[{"name":"PrimaryResult","columns":1,"rows":[]}]}`, "columns: "},
		"cells":            {`{"tables":[{"name":"PrimaryResult",` + columns + `,"rows":[[1,2]]}]}`, "a row has 2 cells, the table 1 columns"},
		"row no array":     {`{"tables":[{"name":"PrimaryResult",` + columns + `,"rows":[{}]}]}`, "a row must be an array"},
		"bad cell":         {`{"tables":[{"name":"PrimaryResult",` + columns + `,"rows":[[1x]]}]}`, "malformed near byte 84"},
		"control in text":  {"{\"tables\":[{\"name\":\"PrimaryResult\"," + columns + ",\"rows\":[[\"\x00\"]]}]}", "control character"},
		"trailing garbage": {`{"tables":[{"name":"PrimaryResult",` + columns + `,"rows":[]}]} x`, "text behind the reply"},
		"second reply":     {`{"tables":[{"name":"PrimaryResult",` + columns + `,"rows":[]}]}{}`, "text behind the reply"},
		"too deep":         {strings.Repeat("[", 5000), "malformed"},
		"deep statistics":  {`{"statistics":` + strings.Repeat("[", 5000), "nested too deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := readReply(strings.NewReader(test.reply), new(kept))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestBrokenTextIsMended(t *testing.T) {
	var got kept
	reply := "{\"tables\":[{\"name\":\"PrimaryResult\",\"columns\":[{\"name\":\"A\"},{\"name\":\"B\"}],\"rows\":[[\"\xff\xfe\",\"b\"]]}]}"
	if _, err := readReply(strings.NewReader(reply), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"\"\uFFFD\"", `"b"`}}, got.rows); diff != "" {
		t.Error(diff)
	}
}

// TestCutReply cuts a reply at every byte: no cut may pass for a whole reply.
func TestCutReply(t *testing.T) {
	data := new(table)
	data.fill(12, 3)
	whole := rowsReply(data.rows, "")
	if len(whole) < 2000 {
		t.Fatalf("the reply has only %d bytes", len(whole))
	}
	cutErr := errors.New("connection reset")
	for cut := range len(whole) {
		for _, err := range []error{io.EOF, io.ErrUnexpectedEOF, cutErr} {
			var got reading
			b := newBatcher("AuditLogs", testWindow(time.Minute), mark{}, got.deliver)
			_, readErr := readReply(io.MultiReader(strings.NewReader(whole[:cut]), iotest.ErrReader(err)), b)
			if readErr == nil {
				t.Fatalf("cut at %d with %v passes for a whole reply", cut, err)
			}
			if len(got.ids) > 0 {
				t.Fatalf("cut at %d: %d events were delivered of a batch that isn't full", cut, len(got.ids))
			}
		}
	}
	var got reading
	b := newBatcher("AuditLogs", testWindow(time.Minute), mark{}, got.deliver)
	_, err := readReply(strings.NewReader(whole), b)
	if err := errors.Join(err, b.flush()); err != nil || len(got.ids) != 12 {
		t.Errorf("the whole reply gives %d events and %v", len(got.ids), err)
	}
	// The body must end cleanly too: a connection may break behind the last byte.
	_, err = readReply(io.MultiReader(strings.NewReader(whole), iotest.ErrReader(io.ErrUnexpectedEOF)), new(kept))
	if err == nil {
		t.Error("a reply whose body ends with an error passes")
	}
}

// FuzzReply reads a reply at once and in two pieces.
func FuzzReply(f *testing.F) {
	data := new(table)
	data.fill(3, 2)
	f.Add([]byte(smallReply), uint(77))
	f.Add([]byte(rowsReply(data.rows, "")), uint(900))
	f.Add([]byte(rowsReply(data.rows, partial)), uint(3))
	f.Add([]byte(countReply(data.rows)), uint(200))
	f.Fuzz(func(t *testing.T, reply []byte, cut uint) {
		at := int(cut % uint(len(reply)+1))
		var once, twice kept
		a, errA := readReply(bytes.NewReader(reply), &once)
		b, errB := readReply(io.MultiReader(bytes.NewReader(reply[:at]), bytes.NewReader(reply[at:])), &twice)
		if (errA == nil) != (errB == nil) || a.rows != b.rows {
			t.Fatalf("at once %v, %v; in pieces %v, %v", a, errA, b, errB)
		}
		if !reflect.DeepEqual(once, twice) {
			t.Fatal(cmp.Diff(once, twice, cmp.AllowUnexported(kept{})))
		}
		var got reading
		batch := newBatcher("T", testWindow(time.Hour), mark{}, got.deliver)
		result, err := readReply(bytes.NewReader(reply), batch)
		if err == nil && result.partial == nil {
			if err := batch.flush(); err != nil || len(got.ids) != result.rows {
				t.Fatalf("%d events of %d rows: %v", len(got.ids), result.rows, err)
			}
		}
		for _, b := range got.batches {
			if m, err := parseMark(b.Next); err != nil || b.Next != "" && m.encode() != b.Next {
				t.Fatalf("mark %q: %v", b.Next, err)
			}
		}
	})
}

func FuzzMark(f *testing.F) {
	f.Add("1|2026-01-02T03:00:00.0000000Z|0|0|12|2026-01-02T03:00:01.0000001Z|3|a|b")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMark(pipeline.Mark(text))
		if err != nil || text == "" {
			return
		}
		again, err := parseMark(m.encode())
		if err != nil || again != m {
			t.Errorf("%q becomes %q: %v", text, m.encode(), err)
		}
	})
}

func FuzzFailure(f *testing.F) {
	f.Add([]byte(partial))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s := parseFailure(text).String(); strings.ContainsAny(s, "\n\r") && !strings.Contains(string(text), `"code"`) {
			t.Errorf("%q has line breaks", s)
		}
	})
}

// generated is a reply of n rows of about 2.4 KB, made while it is read.
type generated struct {
	bytes.Buffer
	row, n int
}

func (g *generated) Read(p []byte) (int, error) {
	for g.Len() < len(p) && g.row <= g.n {
		switch {
		case g.row == 0:
			fmt.Fprintf(g, `{"tables":[{"name":"PrimaryResult","columns":%s,"rows":[`, testColumns)
		case g.row < g.n:
			g.WriteByte(',')
		}
		if g.row < g.n {
			at := base.Add(time.Duration(g.row/100) * time.Millisecond).Format(ticks)
			fmt.Fprintf(g, `["%s","Update application",%s,12,"AuditLogs","%s","item-%09d"]`, at, bulk, at, g.row)
		} else {
			g.WriteString(`]}]}`)
		}
		g.row++
	}
	return g.Buffer.Read(p)
}

// bulk is a dynamic column as it comes over the wire.
var bulk = func() string {
	var text strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	for text.Len() < 2000 {
		fmt.Fprintf(&text, `{"displayName":"AppAddress","oldValue":"[]","newValue":"[{\"Address\":\"https://%x.example\"}]"},`, r.Uint64())
	}
	return string(enrich.AppendString(nil, "["+strings.TrimSuffix(text.String(), ",")+"]"))
}()

// TestMemoryIsBoundedByBatch reads a reply of 64 MB and looks at the heap while it passes.
func TestMemoryIsBoundedByBatch(t *testing.T) {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	events, peak := 0, uint64(0)
	b := newBatcher("AuditLogs", testWindow(time.Hour), mark{}, func(b pipeline.Batch) error {
		events += len(b.Events)
		runtime.GC() // the heap is what is alive, however busy the machine is
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc)
		return nil
	})
	const rows = 27_000
	result, err := readReply(&generated{n: rows}, b)
	if err := errors.Join(err, b.flush()); err != nil {
		t.Fatal(err)
	}
	if events != rows || result.bytes < 64<<20 {
		t.Fatalf("%d events of %d bytes", events, result.bytes)
	}
	if growth := int64(peak) - int64(before.HeapAlloc); growth > 12<<20 {
		t.Errorf("the heap grew by %d bytes while %d bytes passed", growth, result.bytes)
	}
	const most = 2 // the id, and shares of chunks, cells and batches
	reply := benchReply(2000)
	allocs := testing.AllocsPerRun(1, func() {
		b := newBatcher("AuditLogs", testWindow(time.Hour), mark{}, func(pipeline.Batch) error { return nil })
		if _, err := readReply(bytes.NewReader(reply), b); err != nil {
			t.Fatal(err)
		}
	})
	if per := allocs / 2000; per > most {
		t.Errorf("%.1f allocations an event, want at most %d", per, most)
	}
}

func benchReply(rows int) []byte {
	reply, err := io.ReadAll(&generated{n: rows})
	if err != nil {
		panic(err)
	}
	return reply
}

func BenchmarkDecode(b *testing.B) {
	const rows = 5000
	reply := benchReply(rows)
	b.SetBytes(int64(len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		out := newBatcher("AuditLogs", testWindow(time.Hour), mark{}, func(pipeline.Batch) error { return nil })
		if _, err := readReply(bytes.NewReader(reply), out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "events/s")
}
