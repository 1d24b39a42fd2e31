//go:build linux

package judge

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/e2e/peer"
)

// The judge itself: what it takes for the same, and what not.
func TestValues(t *testing.T) {
	at := time.Date(2026, 11, 30, 15, 59, 19, 123_456_000, time.UTC)
	long := "a long text that has no room"
	for _, c := range []struct {
		name string
		want value
		got  string
		same bool
	}{
		{"the text", exactly("a"), "a", true},
		{"another text", exactly("a"), "a ", false},
		{"cut with a mark", within(long, 20), "a long ...[shortened]", false}, // longer than there is room for
		{"cut to the room", within(long, 20), "a long...[shortened]", true},
		{"cut without need", within("short text", 20), "s...[shortened]", false},
		{"cut to something else", within(long, 20), "b long...[shortened]", false},
		{"cut where there is room", within(long, 0), "a long...[shortened]", false},
		{"the time", inHeader(at), "2026-11-30T15:59:19.123456Z", true},
		{"whole seconds of any year", inHeader(at), "0000-11-30T15:59:19Z", true},
		{"another fraction", inHeader(at), "2026-11-30T15:59:19.12345Z", false},
		{"another second", inHeader(at), "2026-11-30T15:59:20Z", false},
		{"the first of January", anyTime, "0000-01-01T00:00:00Z", false},
		{"members in another order", asJSON([]byte(`{"a":1,"b":[2]}`)), `{"b":[2], "a":1}`, true},
		{"a member too few", asJSON([]byte(`{"a":1,"b":2}`)), `{"a":1}`, false},
		{"a text for a number", asJSON([]byte(`1`)), `"1"`, false},
		{"a large number that is off by one", asJSON([]byte(`9007199254740993`)), `9007199254740992`, false},
		{"a fraction that is written otherwise", asJSON([]byte(`1.5e-7`)), `0.00000015`, true},
		{"the text of a JSON string", asJSON([]byte(`"a\n"`)), "a\n", true},
		{"escapes that were not undone", asJSON([]byte(`"a\n"`)), `a\n`, false},
		{"a cell that says that it was shortened", asJSON([]byte(`{"a":"long text"}`)), `{"a":"long... [shortened by riskrelay: 9 bytes, sha256 0]"}`, true},
		{"a cell that was cut silently", asJSON([]byte(`{"a":"long text"}`)), `{"a":"long"}`, false},
		{"broken JSON", asJSON([]byte(`{"a":"long text"}`)), `{"a":"lo`, false},
	} {
		if got := c.want.is(c.got); got != c.same {
			t.Errorf("%s: %q for %q is the same: %v", c.name, c.got, c.want.text, got)
		}
	}
}

// A difference is excused only where the exception says so, and to the letter.
func TestExcuses(t *testing.T) {
	kind := peer.Kind{Name: "reader", Format: "cef"}
	e := exception{"reader", "cef", []string{"ext.act"}, []string{"equals"}, escapedCEF, "undoes no escapes"}
	for _, c := range []struct {
		name string
		d    difference
		want bool
	}{
		{"as it says", difference{"equals", "ext.act", "a=b", `a\=b`}, true},
		{"something else", difference{"equals", "ext.act", "a=b", "a"}, false},
		{"another field", difference{"equals", "ext.msg", "a=b", `a\=b`}, false},
		{"another row", difference{"pipe", "ext.act", "a=b", `a\=b`}, false},
	} {
		if got := e.excuses(&kind, &c.d); got != c.want {
			t.Errorf("%s: excused: %v", c.name, got)
		}
	}
	if other := (peer.Kind{Name: "reader", Format: "leef"}); e.excuses(&other, &difference{"equals", "ext.act", "a=b", `a\=b`}) {
		t.Error("an exception of CEF excuses LEEF")
	}
	if all := differ("row", map[string]value{"a": exactly("1"), "b": exactly("2"), "c": exactly("3")}, peer.Seen{"a": "1", "b": "0", "d": "4"}); len(all) != 3 {
		t.Errorf("differences %v, want those of b, c and d", all)
	}
}
