package plugin

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/riskrelay/riskrelay/enrich"
	rulemodulev1 "github.com/riskrelay/riskrelay/plugin/proto/rulemodule/v1"
)

// object is an event whose row is a JSON object.
func object(t testing.TB, parser *enrich.ObjectParser, text string) enrich.Event {
	t.Helper()
	table, _, row, err := parser.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.NewEvent(table, row)
}

// cross takes events over the wire, as bytes.
func cross(t testing.TB, s *shapes, events []enrich.Event, wanted ...string) (all []enrich.Event) {
	t.Helper()
	for len(events) > 0 {
		request, n := toEvents(events, wanted)
		data, err := proto.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		arrived := new(rulemodulev1.TagRequest)
		if err := proto.Unmarshal(data, arrived); err != nil {
			t.Fatal(err)
		}
		some, err := s.fromEvents(arrived)
		if err != nil {
			t.Fatal(err)
		}
		all, events = append(all, some...), events[n:]
	}
	return all
}

// fields is everything that a module sees of an event.
func fields(e *enrich.Event) string {
	return e.Table + " " + e.ID + " " + e.Time.Format(time.RFC3339Nano) + " {" + string(e.AppendFields(nil)) + "}"
}

func TestEventsCross(t *testing.T) {
	parser := enrich.NewObjectParser(func(_, column string) enrich.Type {
		if column == "Properties" {
			return enrich.Dynamic
		}
		return enrich.String
	})
	texts := []string{
		`{"Type":"AuditLogs","TimeGenerated":"2026-11-23T09:15:00.1234567Z","_ItemId":"1","Properties":"{\"a\":[1,2]}"}`,
		`{"Type":"AuditLogs","TimeGenerated":"2026-11-23T09:15:00.1234567Z","_ItemId":"2","Properties":{"a":[1,2]}}`,
		`{"Type":"SigninLogs","Null":null,"Big":12345678901234567890.5,"Text":"\u0000\ud83d\ude00\\","Empty":""}`,
		`{"Type":"SigninLogs"}`,
		`{}`,
	}
	var sent []enrich.Event
	for _, text := range texts {
		sent = append(sent, object(t, parser, text))
	}
	sent = append(sent, enrich.Event{ID: "no row", Table: "AuditLogs"})
	arrived := cross(t, new(shapes), sent)
	if len(arrived) != len(sent) {
		t.Fatalf("%d events of %d arrived", len(arrived), len(sent))
	}
	for i := range sent {
		if diff := cmp.Diff(fields(&sent[i]), fields(&arrived[i])); diff != "" {
			t.Errorf("event %d: %s", i, diff)
		}
	}
}

func TestOnlyWantedColumnsCross(t *testing.T) {
	parser := enrich.NewObjectParser(nil)
	sent := []enrich.Event{object(t, parser, `{"Type":"T","A":1,"B":2,"C":3}`), object(t, parser, `{"Type":"T","C":3}`)}
	arrived := cross(t, new(shapes), sent, "C", "B", "C", "D")
	for i, want := range []string{`"C":3,"B":2`, `"C":3`} {
		if got := string(arrived[i].AppendFields(nil)); got != want {
			t.Errorf("event %d = %s, want %s", i, got, want)
		}
	}
}

func TestShapesAreSharedByRequests(t *testing.T) {
	s, sent := new(shapes), events("a", "b")
	first, second := cross(t, s, sent), cross(t, s, sent)
	if first[0].Columns() != first[1].Columns() || first[0].Columns() != second[0].Columns() {
		t.Error("rows of one shape have columns of their own")
	}
}

func TestRequestsAreBounded(t *testing.T) {
	sent := events(make([]string, 1200)...)
	if _, n := toEvents(sent, nil); n != maxEvents {
		t.Errorf("%d small events in a request", n)
	}
	giant := events(strings.Repeat("x", maxCells), strings.Repeat("y", maxCells/2), strings.Repeat("z", maxCells/2), "w")
	var counts []int
	for left := giant; len(left) > 0; {
		request, n := toEvents(left, nil)
		if n != len(request.GetEvents()) {
			t.Errorf("n is %d for %d events", n, len(request.GetEvents()))
		}
		counts, left = append(counts, n), left[n:]
	}
	if diff := cmp.Diff([]int{1, 1, 2}, counts); diff != "" {
		t.Error(diff)
	}
	if arrived := cross(t, new(shapes), giant); len(arrived) != 4 || arrived[3].Text("Word") != "w" {
		t.Errorf("%d events arrived", len(arrived))
	}
}

func TestBrokenRequests(t *testing.T) {
	shape := &rulemodulev1.Shape{Columns: []*rulemodulev1.Column{{Name: "A"}, {Name: "B"}}}
	twice := &rulemodulev1.Shape{Columns: []*rulemodulev1.Column{{Name: "A"}, {Name: "A"}}}
	tests := []struct {
		want  string
		shape *rulemodulev1.Shape
		event *rulemodulev1.Event
	}{
		{"has shape 1 of 1", shape, &rulemodulev1.Event{Shape: 1}},
		{"1 cells for 2 columns", shape, &rulemodulev1.Event{Cells: []byte("1"), Lengths: []uint32{1}}},
		{"cell 1 ends at byte 4294967296 of 2", shape, &rulemodulev1.Event{Cells: []byte("12"), Lengths: []uint32{1, 1<<32 - 1}}},
		{"1 bytes of cells have no column", shape, &rulemodulev1.Event{Cells: []byte("123"), Lengths: []uint32{1, 1}}},
		{`has the column "A" twice`, twice, &rulemodulev1.Event{}},
	}
	for _, tt := range tests {
		_, err := new(shapes).fromEvents(&rulemodulev1.TagRequest{
			Shapes: []*rulemodulev1.Shape{tt.shape}, Events: []*rulemodulev1.Event{tt.event},
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("fromEvents = %v, want %s", err, tt.want)
		}
	}
}

// FuzzFromEvents holds the module's side to errors instead of panics, whatever arrives, and to rows that can be read.
func FuzzFromEvents(f *testing.F) {
	request, _ := toEvents(events("a", "b"), nil)
	seed, err := proto.Marshal(request)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(bytes.Repeat([]byte{0x0a, 0x00}, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		request := new(rulemodulev1.TagRequest)
		if proto.Unmarshal(data, request) != nil {
			return
		}
		events, err := new(shapes).fromEvents(request)
		if err != nil {
			return
		}
		if len(events) != len(request.GetEvents()) {
			t.Fatalf("%d events of %d", len(events), len(request.GetEvents()))
		}
		for i := range events {
			var size int
			for k := range events[i].Columns().Len() {
				size += len(events[i].Cell(k))
			}
			if size != len(request.GetEvents()[i].GetCells()) {
				t.Errorf("event %d has %d bytes of %d", i, size, len(request.GetEvents()[i].GetCells()))
			}
		}
	})
}
