package enrich

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// member is one of a JSON object.
type member struct {
	name  string
	value any
}

// plainly is what Parse makes of line, by encoding/json alone.
func plainly(t *testing.T, line []byte) (table, id string, members []member) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	for d.More() {
		name, _ := d.Token()
		var value any
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for i := range members {
			if members[i].name == name {
				members = append(members[:i], members[i+1:]...)
				break
			}
		}
		members = append(members, member{name.(string), value})
	}
	kept := members[:0]
	for _, m := range members {
		text, _ := m.value.(string)
		object, _ := m.value.(map[string]any)
		switch {
		case m.name == "event_id" && OwnID(text):
			id = text
			continue
		case m.name == "risk" && object["score"] != nil:
			continue
		case m.name == "event_id" || m.name == "risk":
			m.name += "_column"
		case m.name == "Type":
			table = text
		}
		kept = append(kept, m)
	}
	return table, id, kept
}

// fields are the row's as AppendFields writes them.
func fields(t *testing.T, row *Row) (members []member) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader("{" + string(row.AppendFields(nil)) + "}"))
	_, err := d.Token()
	for err == nil && d.More() {
		var m member
		name, _ := d.Token()
		m.name = name.(string)
		err = d.Decode(&m.value)
		members = append(members, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return members
}

// object is a random one, now and then with a name twice, with one of riskrelay's, or with very many.
func object(r *rand.Rand) []byte {
	names := []string{`"Type"`, `"A"`, `"\u0041"`, `"B"`, `"risk"`, `"event_id"`, `"é\n"`, `"\ud800"`, `""`, `"C\\"`, `"C\""`}
	values := []string{
		`"T"`, `"T2"`, `1`, `-2.5e3`, `null`, `true`, `""`, `"a\u00e9\"b\\"`, `{}`, `[]`, `{"score":3,"a":[1]}`, `{"a":{"a":[{}]}}`, `[1, 2]`,
		`"00000000000000000000000000000001"`, `"00000000-0000-0000-0000-000000000001"`, `"4625"`,
	}
	n := r.IntN(len(names))
	if r.IntN(20) == 0 {
		n = 60 + r.IntN(10)*r.IntN(200)
	}
	var all []string
	for i := range n {
		name := names[r.IntN(len(names))]
		if i >= len(names) {
			name = fmt.Sprintf(`"n%d"`, r.IntN(n+n))
		}
		space := strings.Repeat(" ", r.IntN(2))
		all = append(all, space+name+space+":"+space+values[r.IntN(len(values))]+space)
	}
	return []byte("{" + strings.Join(all, ",") + "}")
}

// Rows share memory for their cells: none may change another, whatever stood between them.
func TestRowsOfOneParserAreThoseOfEncodingJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := NewObjectParser(nil)
	lines, rows := make([][]byte, 3000), make([]Row, 3000)
	for i := range rows {
		lines[i] = object(r)
		broken := object(r)
		if _, _, _, err := p.Parse(broken[:len(broken)-1]); err == nil {
			t.Fatalf("no error of %s", broken[:len(broken)-1])
		}
		if _, _, _, err := p.Parse(append(broken, '}')); err == nil {
			t.Fatalf("no error of %s", broken)
		}
		table, id, row, err := p.Parse(lines[i])
		if err != nil {
			t.Fatalf("%s: %v", lines[i], err)
		}
		if wantTable, wantID, _ := plainly(t, lines[i]); table != wantTable || id != wantID {
			t.Fatalf("%s: table %q, id %q, want %q, %q", lines[i], table, id, wantTable, wantID)
		}
		rows[i] = row
	}
	for i := range rows {
		_, _, want := plainly(t, lines[i])
		if got := fields(t, &rows[i]); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nbecame %v,\nwant   %v", lines[i], got, want)
		}
	}
}

func TestWhatAParserRemembersIsBounded(t *testing.T) {
	long := strings.Repeat("n", 20_000)
	tests := map[string]func(i int) string{
		"names":   func(i int) string { return fmt.Sprintf(`{"%d%s":1}`, i, long) },
		"tables":  func(i int) string { return fmt.Sprintf(`{"Type":"%d%s"}`, i, long) },
		"repeats": func(i int) string { return fmt.Sprintf(`{"%s":%d`, long, i) + strings.Repeat(`,"a":1`, i) + "}" },
	}
	for name, line := range tests {
		t.Run(name, func(t *testing.T) {
			p := NewObjectParser(nil)
			for i := range 1500 {
				if _, _, _, err := p.Parse([]byte(line(i))); err != nil {
					t.Fatal(err)
				}
			}
			bytes := 0
			for key, s := range p.shapes {
				bytes += len(key)
				for quoted := range s.tables {
					bytes += len(quoted)
				}
			}
			if bytes > 16<<20 {
				t.Errorf("%d bytes", bytes)
			}
		})
	}
}
