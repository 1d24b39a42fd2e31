//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

// TestMain lets the test binary be the modules that tests start, and their fences.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "module" && os.Args[2] == "fence" {
		fmt.Fprintln(os.Stderr, fence.Run(os.Args[3]))
		os.Exit(4)
	}
	if len(os.Args) == 3 && os.Args[1] == "module" {
		plugin.Serve(&guest{mode: os.Args[2]})
		return
	}
	os.Exit(m.Run())
}

// guest is a rule module whose mode says what is wrong with it; "good" and "liar" tag every event. As "cel" it stands for
// a built-in module that can't run.
type guest struct{ mode string }

func (g *guest) Describe(context.Context) (enrich.Description, error) {
	if g.mode == "cel" {
		return enrich.Description{}, errors.New("no rules today")
	}
	about := enrich.Description{Name: "guest", Version: "1.0.0", Selector: enrich.Selector{Tables: []string{"AuditLogs"}}}
	if g.mode == "liar" {
		about.Rules = []enrich.RuleInfo{{ID: "acme.any", Title: "Not mine", Severity: enrich.Low}}
	}
	return about, nil
}

func (g *guest) Configure(context.Context, enrich.Config) error {
	if g.mode == "refusing" {
		return errors.New("these settings are none")
	}
	return nil
}

func (g *guest) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	switch g.mode {
	case "crashing":
		panic("no event is good")
	case "hanging":
		select {}
	case "chatty":
		for i := range 100_000 {
			fmt.Fprintln(os.Stderr, "I say", i)
		}
	}
	lists := make([][]enrich.Tag, len(events))
	for i := range lists {
		lists[i] = []enrich.Tag{{Rule: "guest." + g.mode, Severity: enrich.Low, Score: 1}}
		switch g.mode {
		case "liar":
			lists[i] = append(lists[i], enrich.Tag{Rule: "acme.any", Severity: enrich.Critical, Score: 100},
				enrich.Tag{Rule: "acme.any", Severity: enrich.Critical, Suppressed: "it's nothing"}, enrich.Tag{Rule: "acme.any", Error: "broken"},
				enrich.Tag{Rule: "liar.pack", Pack: "acme@1.0.0", Severity: enrich.Low})
		case "flooding":
			lists[i] = make([]enrich.Tag, 5000)
		}
	}
	return lists, nil
}

// guestModule is the test binary as a module with this mode, which is also its name.
func guestModule(t *testing.T, mode string) config.Module {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return config.Module{Name: mode, Path: self, Args: []string{"module", mode}, Timeout: time.Hour}
}

// anyPack has one rule, which matches every row.
const anyPack = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - {id: acme.any, title: Any, tables: [AuditLogs], when: event.success, severity: high, score: 40}
`

// guestConfig reads from standard input with one rule of riskrelay's own, and writes into the file that is returned.
func guestConfig(t *testing.T, modules ...config.Module) (c config.Config, out string) {
	t.Helper()
	dir := t.TempDir()
	rules := filepath.Join(dir, "acme.yaml")
	if err := os.WriteFile(rules, []byte(anyPack), 0o600); err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(dir, "events.ndjson")
	c = config.Defaults()
	c.DataDir, c.Rules.Builtin, c.Rules.Paths, c.Modules = filepath.Join(dir, "data"), false, []string{rules}, modules
	c.Sources.Files = []string{"-"}
	c.Sinks.File = []config.File{{Name: "disk"}}
	c.Sinks.File[0].Config.Path = out
	return c, out
}

func guestRow(n int) string {
	return fmt.Sprintf(`{"Type":"AuditLogs","_ItemId":"row-%d","TimeGenerated":"2026-03-02T08:00:00Z","OperationName":"Update user","Result":"success"}`+"\n", n)
}

// sentEvent is an event as the file sink writes it.
type sentEvent struct {
	ID   string      `json:"event_id"`
	Risk enrich.Risk `json:"risk"`
}

func sentEvents(t *testing.T, path string) (all []sentEvent) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	text = text[:1+strings.LastIndexByte(string(text), '\n')]
	for line := range strings.Lines(string(text)) {
		var e sentEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// badModules are modules that don't work, and what stands in risk.errors for each.
func badModules(t *testing.T) (modules []config.Module, reasons map[string]string) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "mute")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec sleep 3600\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	swapped, hanging := guestModule(t, "swapped"), guestModule(t, "hanging")
	swapped.SHA256 = strings.Repeat("0", 64)
	hanging.Timeout = 100 * time.Millisecond
	keyless := guestModule(t, "keyless")
	keyless.SettingsFiles = map[string]string{"key": filepath.Join(t.TempDir(), "nowhere")}
	modules = []config.Module{
		swapped, hanging, keyless, guestModule(t, "crashing"), guestModule(t, "refusing"), guestModule(t, "flooding"), guestModule(t, "liar"),
		{Name: "missing", Path: filepath.Join(t.TempDir(), "nowhere")},
		{Name: "mute", Path: script},
	}
	reasons = map[string]string{
		"swapped":  "find out who changed the program",
		"hanging":  "no answer within 100ms",
		"keyless":  "settings_files.key: ",
		"crashing": "no event is good",
		"refusing": "these settings are none",
		"flooding": "5000 tags for one event, the most is 1000",
		"liar":     "4 of its tags refused: the rule acme.any belongs to module cel",
		"missing":  "no such file or directory",
		"mute":     "module",
	}
	return modules, reasons
}

// TestBadModulesStopNothing starts a host whose modules fail in all the ways there are: every row arrives once, with the tag
// of riskrelay's own rule and of the module that works, and with the reason for each that doesn't.
func TestBadModulesStopNothing(t *testing.T) {
	const rows = 12
	modules, reasons := badModules(t)
	working := []string{"good", "chatty"}
	for _, name := range working {
		modules = append(modules, guestModule(t, name))
	}
	c, out := guestConfig(t, modules...)
	var input strings.Builder
	want := map[string]bool{}
	for n := range rows {
		input.WriteString(guestRow(n))
		want[fmt.Sprintf("row-%d", n)] = true
	}
	o := quiet()
	var log output
	o.Log.SetOutput(&log)
	o.Once, o.Stdin = true, strings.NewReader(input.String())
	h, err := host.New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var invented, doubled []string
	for _, e := range sentEvents(t, out) {
		switch there, known := want[e.ID]; {
		case !known:
			invented = append(invented, e.ID)
		case !there:
			doubled = append(doubled, e.ID)
		}
		want[e.ID] = false
		judgeVoices(t, e, working, reasons)
	}
	var missing []string
	for id, still := range want {
		if still {
			missing = append(missing, id)
		}
	}
	if len(invented)+len(doubled)+len(missing) > 0 {
		t.Errorf("invented %v, twice %v, missing %v", invented, doubled, missing)
	}
	if n := log.count("I say"); n > 1000 {
		t.Errorf("%d of 100,000 lines of a module are in the log", n)
	}
}

// judgeVoices checks who said what of an event: riskrelay's own rule, each module that works, unless it was too slow for this
// machine and says so, and no other.
func judgeVoices(t *testing.T, e sentEvent, working []string, reasons map[string]string) {
	t.Helper()
	said, failed := map[string]string{}, map[string]string{}
	for _, m := range slices.Concat(e.Risk.Rules, e.Risk.Suppressed) {
		said[m.Module] += m.ID + m.Suppressed
	}
	for _, f := range e.Risk.Errors {
		if f.Rule != "" {
			t.Errorf("%s: %s speaks for the rule %s: %s", e.ID, f.Module, f.Rule, f.Reason)
		}
		failed[f.Module] += f.Reason
	}
	if said[""] != "acme.any" || e.Risk.Level != enrich.High || failed["cel"] != "" {
		t.Errorf("%s: riskrelay's own rules say %q, level %v, %s", e.ID, said[""], e.Risk.Level, failed["cel"])
	}
	for _, name := range working {
		if said[name] != "guest."+name && failed[name] == "" {
			t.Errorf("%s: %s says %q", e.ID, name, said[name])
		}
	}
	for name, reason := range reasons {
		if !strings.Contains(failed[name], reason) && !strings.Contains(failed[name], "held the events") {
			t.Errorf("%s: %s failed with %q, want %q", e.ID, name, failed[name], reason)
		}
		if own := said[name]; own != "" && own != "guest.liar" {
			t.Errorf("%s: %s says %q", e.ID, name, own)
		}
	}
}

// feed is a host that reads what is written to it, until it is ended.
type feed struct {
	t   *testing.T
	in  *io.PipeWriter
	out string
	n   int
}

// startFeed runs a host with the configuration until the test ends.
func startFeed(t *testing.T, c config.Config, out string) *feed {
	t.Helper()
	in, rows := io.Pipe()
	o := quiet()
	o.Stdin = in
	startHost(t, c, o)
	t.Cleanup(func() { _ = rows.Close() }) // before the host is waited for
	return &feed{t: t, in: rows, out: out}
}

// send writes one row, and returns it as it arrived.
func (f *feed) send() sentEvent {
	f.t.Helper()
	f.n++
	if _, err := io.WriteString(f.in, guestRow(f.n)); err != nil {
		f.t.Fatal(err)
	}
	var all []sentEvent
	if err := poll(f.t.Context(), func() bool { all = sentEvents(f.t, f.out); return len(all) == f.n }); err != nil {
		f.t.Fatal(err)
	}
	return all[f.n-1]
}

// TestAModuleComesToLife has the file of a module be put right while the host runs.
func TestAModuleComesToLife(t *testing.T) {
	late := guestModule(t, "good")
	self := late.Path
	late.Path = filepath.Join(t.TempDir(), "good")
	c, out := guestConfig(t, late)
	f := startFeed(t, c, out)
	e := f.send()
	if len(e.Risk.Errors) != 1 || e.Risk.Errors[0].Module != "good" || !strings.Contains(e.Risk.Errors[0].Reason, "no such file or directory") {
		t.Errorf("without the module: %+v", e.Risk)
	}
	if err := os.WriteFile(late.Path, []byte("#!/bin/sh\nexec "+self+` "$@"`+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for len(e.Risk.Errors) > 0 { // until the next try
		e = f.send()
	}
	if len(e.Risk.Rules) != 2 || e.Risk.Rules[1].ID != "guest.good" || e.Risk.Rules[1].Module != "good" {
		t.Errorf("with the module: %+v", e.Risk)
	}
}

// TestNotReadyWithoutBuiltInRules has the built-in rules in a process of their own, which can't run.
func TestNotReadyWithoutBuiltInRules(t *testing.T) {
	c, out := guestConfig(t)
	c.Rules.Isolate = true
	f := startFeed(t, c, out)
	e := f.send()
	if len(e.Risk.Errors) != 1 || e.Risk.Errors[0].Module != "cel" || !strings.Contains(e.Risk.Errors[0].Reason, "no rules today") {
		t.Errorf("the event says %+v", e.Risk)
	}
	s, err := host.Status(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(s.Problems, "\n")
	if s.Ready || !strings.Contains(said, "module cel: the built-in rules tag no event: ") || !strings.Contains(said, "no rules today") {
		t.Errorf("ready: %v, problems: %s", s.Ready, said)
	}
	if m := s.Modules[0]; m.Name != "cel" || m.On || !m.Open || m.Reason == "" || m.Unjudged == 0 {
		t.Errorf("module: %+v", m)
	}
}

// TestCheckModules holds that validate says what a host would do without, and whose names a module claims.
func TestCheckModules(t *testing.T) {
	own := enrich.Description{Name: "cel", Rules: []enrich.RuleInfo{{ID: "acme.any"}}}
	c, _ := guestConfig(t, guestModule(t, "good"), guestModule(t, "liar"))
	contests, err := rulehost.Check(t.Context(), c, own)
	if len(contests) != 1 || contests[0] != (enrich.Contest{Kind: "rule", Name: "acme.any", Owner: "cel", Loser: "liar"}) || err != nil {
		t.Errorf("contests %v, %v", contests, err)
	}
	c.Modules, _ = badModules(t)
	_, err = rulehost.Check(t.Context(), c, own)
	for _, want := range []string{
		"module swapped: module ", "find out who changed the program", "module refusing: configure it: these settings are none", "module missing: find module: ", "module keyless: settings_files.key: ",
		"module mute: start module ", "it was not ready within 10s",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoesn't say %s", err, want)
		}
	}
}
