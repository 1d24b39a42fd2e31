package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// ruleText is one of the two files of a set: a rule whose message is the set's number, with a test that wants it.
func ruleText(name string, number, wanted int) string {
	return fmt.Sprintf(`apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - id: acme.%s
    title: T
    tables: [AuditLogs]
    when: event.success
    severity: low
    message: "%d"
    tests: [{name: fires, event: {Type: AuditLogs, Result: success}, want: {message: "%d"}}]
`, name, number, wanted)
}

// field is a directory of rule files and what was done to it.
type field struct {
	t      *testing.T
	dir    string
	number int // of the set that should be at work
}

func (f *field) path(name string) string { return filepath.Join(f.dir, name) }

// put replaces a file as tools do, by renaming.
func (f *field) put(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path("new"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.rename(name)
}

func (f *field) link(name, target string) {
	f.t.Helper()
	if err := os.Symlink(target, f.path("new")); err != nil {
		f.t.Fatal(err)
	}
	f.rename(name)
}

func (f *field) rename(name string) {
	f.t.Helper()
	if err := os.Rename(f.path("new"), f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

// good puts the set with the number there, behind symbolic links when asked.
func (f *field) good(number int, linked bool) {
	f.t.Helper()
	for _, name := range []string{"a", "b"} {
		if linked {
			f.put(name+".target", ruleText(name, number, number))
			f.link(name+".yaml", name+".target")
		} else {
			f.put(name+".yaml", ruleText(name, number, number))
		}
	}
	f.number = number
}

// damages are what can be wrong with a set; each keeps the one before it at work.
func damages() map[string]func(*field, int) {
	return map[string]func(*field, int){
		"half-written":     func(f *field, n int) { f.put("a.yaml", cut(ruleText("a", n, n), n)) },
		"empty":            func(f *field, _ int) { f.put("b.yaml", "") },
		"huge":             func(f *field, n int) { f.put("a.yaml", ruleText("a", n, n)+strings.Repeat("#\n", 5<<20)) },
		"binary":           func(f *field, _ int) { f.put("b.yaml", "\x00\xff\x00") },
		"dangling link":    func(f *field, _ int) { f.link("a.yaml", "absent") },
		"circular link":    func(f *field, _ int) { f.link("b.yaml", "b.yaml") },
		"failing selftest": func(f *field, n int) { f.put("a.yaml", ruleText("a", n, n+1)) },
		"one of two":       func(f *field, n int) { f.put("b.yaml", ruleText("a", n, n)) },
	}
}

// cut ends a file somewhere inside its rule, before the severity, without which no rule is whole.
func cut(text string, n int) string {
	start, end := strings.Index(text, "rules:")+len("rules:"), strings.Index(text, "severity")+len("severity")
	return text[:start+n%(end-start)]
}

func quietLog() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

func startIn(t *testing.T, dir string) *modules {
	t.Helper()
	c := config.Defaults()
	c.Rules.Builtin, c.Rules.Paths = false, []string{dir}
	m, err := startModules(t.Context(), c, quietLog(), &pipeline.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func auditEvents(t *testing.T, n int) []enrich.Event {
	t.Helper()
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type": "AuditLogs", "Result": "success"}`))
	if err != nil {
		t.Fatal(err)
	}
	events := make([]enrich.Event, n)
	for i := range events {
		events[i] = enrich.NewEvent(table, row)
	}
	return events
}

// judged is the number of the set that judged an event; an error when it wasn't one set as a whole.
func judged(e *enrich.Event) (number int, err error) {
	r := &e.Risk
	if len(r.Rules) != 2 || len(r.Errors) > 0 || r.Rules[0].Message != r.Rules[1].Message {
		return 0, fmt.Errorf("judged by a mixture: %+v", r)
	}
	_, err = fmt.Sscan(r.Rules[0].Message, &number)
	return number, err
}

// TestReloads loads rules again and again, half of the sets damaged, while events are tagged. Each event must be
// judged by one good set as a whole, and never by an older one than an event before. It is 1,000 reloads with
// RISKRELAY_SOAK=full, which `make soak` sets, otherwise fewer.
func TestReloads(t *testing.T) {
	reloads := 160
	if os.Getenv("RISKRELAY_SOAK") == "full" {
		reloads = 1000
	}
	f := &field{t: t, dir: t.TempDir()}
	f.good(1, false)
	m := startIn(t, f.dir)
	ctx, stop := context.WithCancel(t.Context())
	var taggers sync.WaitGroup
	for range 2 {
		events := auditEvents(t, 16)
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
func tagUntil(ctx context.Context, t *testing.T, m *modules, events []enrich.Event) {
	enricher, last := m.enricher(), 0
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
func reloadAll(t *testing.T, f *field, m *modules, reloads int) (refused int) {
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
			if err := m.refresh(t.Context()); !errors.As(err, new(*RuleError)) {
				t.Fatalf("reload %d: %s: want it refused, got %v", i, kind, err)
			}
			if err := m.refresh(t.Context()); !errors.Is(err, errSame) {
				t.Fatalf("reload %d: %s: the same damage was looked at twice: %v", i, kind, err)
			}
		}
		one := auditEvents(t, 1)
		m.enricher().Enrich(t.Context(), one)
		if number, err := judged(&one[0]); err != nil || number != f.number {
			t.Fatalf("reload %d: judged by set %d instead of %d: %v", i, number, f.number, err)
		}
	}
	return refused
}

// TestSelftest holds that a failing test is told with its reasons, and that only changed packs are tested.
func TestSelftest(t *testing.T) {
	f := &field{t: t, dir: t.TempDir()}
	f.good(1, false)
	m := startIn(t, f.dir)
	f.put("a.yaml", ruleText("a", 2, 3))
	err := m.refresh(t.Context())
	failed := new(SelftestError)
	if !errors.As(err, &failed) || failed.Failed != 1 || failed.Tests != 2 || !strings.Contains(err.Error(), `want message "3", got "2"`) {
		t.Errorf("got %v", err)
	}
	if r := m.stats.Figures().Rules; r.LastOK || r.LastFail == "" || r.Hash == "" {
		t.Errorf("got %+v", r)
	}
	f.put("c.yaml", strings.ReplaceAll(ruleText("c", 1, 1), "name: acme,", "name: other,"))
	f.put("a.yaml", ruleText("a", 1, 1))
	set, err := m.readRules()
	if err != nil {
		t.Fatal(err)
	}
	loaded, problems := rulefile.Load(set)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	changed := rulesOf(loaded.Packs, set.Files, m.changed(set))
	if len(changed) != 1 || !changed["acme.c"] {
		t.Errorf("want only the new pack tested, got %v", changed)
	}
	m.config.Rules.Selftest = false
	f.put("a.yaml", ruleText("a", 2, 3))
	if err := m.refresh(t.Context()); err != nil {
		t.Errorf("without self-tests, got %v", err)
	}
}

// TestProblemsStay holds that the reason for refusing a set is the problems of its files.
func TestProblemsStay(t *testing.T) {
	f := &field{t: t, dir: t.TempDir()}
	f.good(1, false)
	m := startIn(t, f.dir)
	f.put("a.yaml", strings.Replace(ruleText("a", 1, 1), "event.success", "event.sucess", 1))
	var problems rulefile.Problems
	if err := m.refresh(t.Context()); !errors.As(err, &problems) || len(problems) != 1 {
		t.Errorf("got %v", err)
	}
}

// TestSelftestAsWritten holds that the tests see a rule as its author wrote it, whatever the operator tunes, and that a
// changed list file counts as a change of its pack.
func TestSelftestAsWritten(t *testing.T) {
	f := &field{t: t, dir: t.TempDir()}
	listed := strings.Replace(ruleText("a", 1, 1), "rules:", "lists: [{name: l, file: l.txt}]\nrules:", 1)
	f.put("a.yaml", strings.Replace(listed, "when: event.success", `when: event.success && "x" in lists.l`, 1))
	f.put("l.txt", "x\n")
	m := startIn(t, f.dir)
	f.put("tuning.yaml", "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: mine}\nfor: {pack: acme}\nlists: [{name: l, remove: [x]}]\n")
	if err := m.refresh(t.Context()); err != nil {
		t.Errorf("the operator's tuning failed the author's tests: %v", err)
	}
	f.put("l.txt", "y\n")
	if err := m.refresh(t.Context()); !errors.As(err, new(*SelftestError)) {
		t.Errorf("a list that breaks a test was taken: %v", err)
	}
	if !slices.Contains(m.watched(), f.path("l.txt")) {
		t.Errorf("the file of the list isn't watched: %v", m.watched())
	}
}

// TestSelftestOfTuning holds that a tuning file whose own test fails is refused, also when nothing else changed.
func TestSelftestOfTuning(t *testing.T) {
	f := &field{t: t, dir: t.TempDir()}
	f.good(1, false)
	m := startIn(t, f.dir)
	tuning := func(severity string) string {
		return "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: mine}\nfor: {pack: acme}\nrules:\n  - id: acme.a\n" +
			"    set: {severity: high}\n    tests: [{name: as tuned, event: {Type: AuditLogs, Result: success}, want: {severity: " + severity + "}}]\n"
	}
	f.put("tuning.yaml", tuning("low"))
	err := m.refresh(t.Context())
	failed := new(SelftestError)
	if !errors.As(err, &failed) || failed.Failed != 1 || !strings.Contains(err.Error(), "as tuned") {
		t.Errorf("got %v", err)
	}
	f.put("tuning.yaml", tuning("high"))
	if err := m.refresh(t.Context()); err != nil {
		t.Errorf("a tuning file whose test passes was refused: %v", err)
	}
}
