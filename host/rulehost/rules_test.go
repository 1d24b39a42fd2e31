package rulehost

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
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
	text   func(name string, number, wanted int) string // of the files a and b of a set
	number int                                          // of the set that should be at work
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
			f.put(name+".target", f.text(name, number, number))
			f.link(name+".yaml", name+".target")
		} else {
			f.put(name+".yaml", f.text(name, number, number))
		}
	}
	f.number = number
}

func quietLog() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

func startIn(t *testing.T, dir string) *Modules {
	t.Helper()
	c := config.Defaults()
	c.Rules.Builtin, c.Rules.Paths = false, []string{dir}
	m, err := Start(t.Context(), c, Options{Log: quietLog(), Stats: &pipeline.Stats{}})
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

// TestSelftest holds that a failing test is told with its reasons, and that only changed packs are tested.
func TestSelftest(t *testing.T) {
	f := &field{t: t, dir: t.TempDir(), text: ruleText}
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
	f := &field{t: t, dir: t.TempDir(), text: ruleText}
	f.good(1, false)
	m := startIn(t, f.dir)
	f.put("a.yaml", strings.Replace(ruleText("a", 1, 1), "event.success", "event.sucess", 1))
	var problems diag.Problems
	if err := m.refresh(t.Context()); !errors.As(err, &problems) || len(problems) != 1 {
		t.Errorf("got %v", err)
	}
}

// TestSelftestAsWritten holds that the tests see a rule as its author wrote it, whatever the operator tunes, and that a
// changed list file counts as a change of its pack.
func TestSelftestAsWritten(t *testing.T) {
	f := &field{t: t, dir: t.TempDir(), text: ruleText}
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
	f := &field{t: t, dir: t.TempDir(), text: ruleText}
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
