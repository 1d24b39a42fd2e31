package rulehost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// rulesEach is how many rules stand in each of the two files of a set.
const rulesEach = 4

// serialText is one of the two files of a set: rules that all match, each with the set's serial number in its id, which
// is the tag that it gives, with a test that wants the message.
func serialText(name string, serial, wanted int) string {
	var text strings.Builder
	text.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: acme, version: 1.0.0}\nrules:\n")
	for i := range rulesEach {
		fmt.Fprintf(&text, `  - id: acme.%s.s%d
    title: T
    tables: [AuditLogs, SigninLogs]
    when: event.Type.endsWith("Logs")
    severity: low
    message: "%d"
    tests: [{name: fires, event: {Type: AuditLogs}, want: {message: "%d"}}]
`, fmt.Sprint(name, i), serial, serial, wanted)
	}
	return text.String()
}

// damages are what can be wrong with a set; each keeps the one before it at work. Damages of one file leave the other as
// it was, so that a set which were taken by halves would show.
func damages() map[string]func(*field, int) {
	return map[string]func(*field, int){
		"half-written":     func(f *field, n int) { f.put("a.yaml", cut(f.text("a", n, n), n)) },
		"empty":            func(f *field, _ int) { f.put("b.yaml", "") },
		"huge":             func(f *field, n int) { f.huge("a.yaml", f.text("a", n, n)) },
		"binary":           func(f *field, _ int) { f.put("b.yaml", "\x00\xff\x00") },
		"dangling link":    func(f *field, _ int) { f.link("a.yaml", "absent") },
		"circular link":    func(f *field, _ int) { f.link("b.yaml", "b.yaml") },
		"linked folder":    func(f *field, _ int) { f.link("b.yaml", "folder") },
		"failing selftest": func(f *field, n int) { f.put("a.yaml", f.text("a", n, n+1)) },
		"rules twice":      func(f *field, _ int) { f.put("b.yaml", f.text("a", f.number, f.number)) },
	}
}

// cut ends a file inside one of its rules, before the severity, without which no rule is whole.
func cut(text string, n int) string {
	at := 0
	for range 1 + n%rulesEach {
		at += strings.Index(text[at:], "- id:") + len("- id:")
	}
	end := strings.Index(text[at:], "severity") + len("severity")
	return text[:at+n%end]
}

// hugeSize is far above what a rule file may have.
const hugeSize = 100 << 20

// huge replaces a file by one that begins with text and is very long.
func (f *field) huge(name, text string) {
	f.t.Helper()
	err := os.WriteFile(f.path("new"), []byte(text), 0o600)
	if err = errors.Join(err, os.Truncate(f.path("new"), hugeSize)); err != nil {
		f.t.Fatal(err)
	}
	f.rename(name)
}

// someEvents are events of two tables by turns.
func someEvents(t *testing.T, n int) []enrich.Event {
	t.Helper()
	parser, events := enrich.NewObjectParser(schema.TypeOf), make([]enrich.Event, n)
	for i := range events {
		text := []string{`{"Type": "AuditLogs"}`, `{"Type": "SigninLogs"}`}[i%2]
		table, _, row, err := parser.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		events[i] = enrich.NewEvent(table, row)
	}
	return events
}

// judged is the serial number in the tags of an event; an error when they aren't those of one set as a whole.
func judged(e *enrich.Event) (serial int, err error) {
	r := &e.Risk
	if len(r.Tags) != 2*rulesEach || len(r.Errors) > 0 {
		return 0, fmt.Errorf("%d tags instead of %d: %+v", len(r.Tags), 2*rulesEach, r)
	}
	if _, err = fmt.Sscan(r.Rules[0].Message, &serial); err != nil {
		return 0, err
	}
	var want []string
	for i := range rulesEach {
		want = append(want, fmt.Sprintf("acme.a%d.s%d", i, serial), fmt.Sprintf("acme.b%d.s%d", i, serial))
	}
	if slices.Sort(want); !slices.Equal(r.Tags, want) {
		return 0, fmt.Errorf("judged by a mixture: %v", r.Tags)
	}
	return serial, nil
}

// TestReloads loads rules again and again, half of the sets damaged, while events are tagged. The tags of each event must
// bear the serial number of one good set, all of them and no other, and never an older one than an event before. It
// is 1,000 reloads with RISKRELAY_SOAK=full, which `make soak-rules` sets with the race detector on, otherwise fewer.
func TestReloads(t *testing.T) {
	reloads := 100
	if os.Getenv("RISKRELAY_SOAK") == "full" {
		reloads = 1000
	}
	f := &field{t: t, dir: t.TempDir(), text: serialText}
	if err := os.Mkdir(f.path("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.good(1, false)
	m := startIn(t, f.dir)
	ctx, stop := context.WithCancel(t.Context())
	var taggers sync.WaitGroup
	for range 2 {
		events := someEvents(t, 16)
		taggers.Go(func() { tagUntil(ctx, t, m, events) })
	}
	refused := reloadAll(t, f, m, reloads)
	stop()
	taggers.Wait()
	figures := m.stats.Figures().Rules
	if figures.Refused != int64(refused) || figures.Reloads != int64(reloads-refused) {
		t.Errorf("want %d refused, %d taken, got %+v", refused, reloads-refused, figures)
	}
}

// tagUntil tags the events again and again and checks who judged them.
func tagUntil(ctx context.Context, t *testing.T, m *Modules, events []enrich.Event) {
	enricher, last := m.Enricher(), 0
	for ctx.Err() == nil {
		for i := range events {
			events[i].Risk = enrich.Risk{}
		}
		enricher.Enrich(context.WithoutCancel(ctx), events)
		for i := range events {
			number, err := judged(&events[i])
			if err != nil || number < last {
				t.Errorf("event judged by %d after %d: %v", number, last, err)
				return
			}
			last = number
		}
	}
}

// reloadAll goes through good sets and all damages in turn, and returns how many sets were refused.
func reloadAll(t *testing.T, f *field, m *Modules, reloads int) (refused int) {
	t.Helper()
	var kinds []string
	for kind := range damages() {
		kinds = append(kinds, kind)
	}
	for i := range reloads {
		if i%2 == 0 {
			f.good(i+2, i%4 == 0)
			if err := m.refresh(t.Context()); err != nil {
				t.Fatalf("reload %d: a good set was refused: %v", i, err)
			}
		} else {
			kind := kinds[i/2%len(kinds)]
			damages()[kind](f, i+2)
			refused++
			if err := m.refresh(t.Context()); !errors.As(err, new(*Error)) {
				t.Fatalf("reload %d: %s: want it refused, got %v", i, kind, err)
			}
			if err := m.refresh(t.Context()); !errors.Is(err, errSame) {
				t.Fatalf("reload %d: %s: the same damage was looked at twice: %v", i, kind, err)
			}
		}
		one := someEvents(t, 1)
		m.Enricher().Enrich(t.Context(), one)
		if number, err := judged(&one[0]); err != nil || number != f.number {
			t.Fatalf("reload %d: judged by set %d instead of %d: %v", i, number, f.number, err)
		}
	}
	return refused
}
