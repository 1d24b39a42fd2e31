// Package plugintest is the suite that every rule module must pass, in process and in a process of its own.
//
//	func TestModule(t *testing.T) {
//		plugintest.TestModule(t, func(*testing.T) enrich.Module { return mine.New() }, plugintest.Options{
//			Config: enrich.Config{Settings: []byte("from: 7")},
//			Bad:    []enrich.Config{{Settings: []byte("form: 7")}},
//			Events: []enrich.Event{...},
//		})
//	}
package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Options say what the suite can't know of a module.
type Options struct {
	// Config is a configuration that the module takes.
	Config enrich.Config
	// Bad are configurations that the module must refuse; at least one.
	Bad []enrich.Config
	// Events are some that the module wants and tags under Config, each with at least one tag.
	Events []enrich.Event
	// Silent says that the module tags nothing, and Events may be any: it is there for what it knows, see enrich.Informer.
	Silent bool
}

// TestModule tests modules made by open, which gets them without configuration and closes them when t ends.
func TestModule(t *testing.T, open func(t *testing.T) enrich.Module, o Options) {
	t.Helper()
	if len(o.Bad) == 0 || len(o.Events) == 0 {
		t.Fatal("plugintest: Options needs at least one of Bad and of Events")
	}
	tests := []struct {
		name string
		test func(*suite)
	}{
		{"Describe", (*suite).describe},
		{"DescribeBeforeConfigure", (*suite).describeBeforeConfigure},
		{"Tag", (*suite).tag},
		{"OneListPerEventInOrder", (*suite).order},
		{"EmptyBatch", (*suite).empty},
		{"BadConfigChangesNothing", (*suite).badConfig},
		{"SameConfigSameTags", (*suite).sameConfig},
		{"ManyCallers", (*suite).callers},
		{"StrangeRows", (*suite).strange},
		{"EventsAreNotChanged", (*suite).unchanged},
		{"Canceled", (*suite).canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(&suite{T: t, Options: o, module: open(t)}) })
	}
}

type suite struct {
	*testing.T
	Options
	module enrich.Module
}

func (s *suite) configure() {
	s.Helper()
	if err := s.module.Configure(s.Context(), s.Config); err != nil {
		s.Fatalf("Configure with the good configuration: %v", err)
	}
}

func (s *suite) ask(events []enrich.Event) [][]enrich.Tag {
	s.Helper()
	lists, err := s.module.Tag(s.Context(), events)
	if err != nil {
		s.Fatalf("Tag: %v", err)
	}
	if len(lists) != len(events) {
		s.Fatalf("Tag answered %d events of %d", len(lists), len(events))
	}
	return lists
}

// text is a list of tags in one order, to be compared and shown.
func text(tags []enrich.Tag) string {
	lines := make([]string, len(tags))
	for i := range tags {
		line, err := json.Marshal(tags[i])
		if err != nil {
			return err.Error()
		}
		lines[i] = string(line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (s *suite) describe() {
	s.configure()
	first, err := s.module.Describe(s.Context())
	if err != nil {
		s.Fatalf("Describe: %v", err)
	}
	second, err := s.module.Describe(s.Context())
	if err != nil {
		s.Fatalf("Describe again: %v", err)
	}
	if a, b := fmt.Sprintf("%+v", first), fmt.Sprintf("%+v", second); a != b {
		s.Errorf("Describe says one thing and then another:\n%s\n%s", a, b)
	}
	if first.Name == "" || first.Name != strings.ToLower(first.Name) || strings.ContainsAny(first.Name, " \t\n/.") {
		s.Errorf("the name %q is not a lower-case word", first.Name)
	}
	if first.Version == "" {
		s.Error("the version is empty")
	}
	ids := map[string]bool{}
	for _, r := range first.Rules {
		if r.ID == "" || ids[r.ID] {
			s.Errorf("the rule id %q is empty or there twice", r.ID)
		}
		ids[r.ID] = true
	}
	for i := range s.Events {
		if !first.Selector.Wants(s.Events[i].Table) {
			s.Errorf("the selector %v leaves out the table %s of event %d", first.Selector.Tables, s.Events[i].Table, i)
		}
	}
}

func (s *suite) describeBeforeConfigure() {
	before, err := s.module.Describe(s.Context())
	if err != nil {
		s.Fatalf("Describe before Configure: %v", err)
	}
	s.configure()
	after, err := s.module.Describe(s.Context())
	if err != nil {
		s.Fatalf("Describe: %v", err)
	}
	if before.Name != after.Name || before.Version != after.Version {
		s.Errorf("Configure changed %s %s into %s %s", before.Name, before.Version, after.Name, after.Version)
	}
}

func (s *suite) tag() {
	s.configure()
	for i, tags := range s.ask(s.Events) {
		if (len(tags) == 0) != s.Silent {
			s.Errorf("event %d has %d tags", i, len(tags))
		}
		for _, t := range tags {
			s.checkTag(i, &t)
		}
	}
}

func (s *suite) checkTag(event int, t *enrich.Tag) {
	if t.Error != "" {
		s.Errorf("event %d: rule %s: %s", event, t.Rule, t.Error)
		return
	}
	if t.Rule == "" || t.Severity < enrich.Info || t.Severity > enrich.Critical || t.Score < 0 || t.Score > 100 {
		s.Errorf("event %d: rule %q, severity %d or score %d can't be", event, t.Rule, t.Severity, t.Score)
	}
}

func (s *suite) order() {
	s.configure()
	var many []enrich.Event
	var want []string
	one := make([]string, len(s.Events))
	for i := range s.Events {
		one[i] = text(s.ask(s.Events[i : i+1])[0])
	}
	silent := enrich.NewEvent("NoSuchTable_CL", enrich.Row{})
	for i := range 1100 { // more than go into one call
		if i%3 == 2 {
			many, want = append(many, silent), append(want, text(s.ask([]enrich.Event{silent})[0]))
			continue
		}
		k := i * 7 % len(s.Events)
		many, want = append(many, s.Events[k]), append(want, one[k])
	}
	for i, tags := range s.ask(many) {
		if got := text(tags); got != want[i] {
			s.Fatalf("event %d of many has the tags\n%s\nand alone\n%s", i, got, want[i])
		}
	}
}

func (s *suite) empty() {
	s.configure()
	s.ask(nil)
	s.ask([]enrich.Event{})
}

func (s *suite) badConfig() {
	s.configure()
	before := s.ask(s.Events)
	about, err := s.module.Describe(s.Context())
	if err != nil {
		s.Fatalf("Describe: %v", err)
	}
	for i, bad := range s.Bad {
		if err := s.module.Configure(s.Context(), bad); err == nil {
			s.Errorf("bad configuration %d was taken", i)
		} else if strings.TrimSpace(err.Error()) == "" {
			s.Errorf("bad configuration %d was refused without a reason", i)
		}
		for k, tags := range s.ask(s.Events) {
			if text(tags) != text(before[k]) {
				s.Errorf("after bad configuration %d event %d has the tags\n%s\ninstead of\n%s", i, k, text(tags), text(before[k]))
			}
		}
		now, err := s.module.Describe(s.Context())
		if err != nil || fmt.Sprintf("%+v", now) != fmt.Sprintf("%+v", about) {
			s.Errorf("bad configuration %d changed the description (or failed: %v)", i, err)
		}
	}
}

func (s *suite) sameConfig() {
	s.configure()
	before := s.ask(s.Events)
	s.configure()
	for i, tags := range s.ask(s.Events) {
		if text(tags) != text(before[i]) {
			s.Errorf("the same configuration again gives event %d the tags\n%s\ninstead of\n%s", i, text(tags), text(before[i]))
		}
	}
}

func (s *suite) callers() {
	s.configure()
	want := s.ask(s.Events)
	var wait sync.WaitGroup
	for caller := range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range 20 {
				s.call(caller, want)
			}
		}()
	}
	wait.Wait()
}

// call is one call of a caller among several, one of which configures.
func (s *suite) call(caller int, want [][]enrich.Tag) {
	if caller == 0 {
		if err := s.module.Configure(s.Context(), s.Config); err != nil {
			s.Errorf("Configure beside Tag: %v", err)
		}
		return
	}
	if _, err := s.module.Describe(s.Context()); err != nil {
		s.Errorf("Describe beside Tag: %v", err)
	}
	lists, err := s.module.Tag(s.Context(), s.Events)
	if err != nil || len(lists) != len(want) {
		s.Errorf("Tag beside others: %d lists, %v", len(lists), err)
		return
	}
	for i := range lists {
		if text(lists[i]) != text(want[i]) {
			s.Errorf("Tag beside others gives event %d the tags\n%s\ninstead of\n%s", i, text(lists[i]), text(want[i]))
		}
	}
}

func (s *suite) strange() {
	s.configure()
	want := text(s.ask(s.Events[:1])[0])
	events := append(StrangeEvents(s.Events[0].Table), s.Events[0])
	lists := s.ask(events)
	if got := text(lists[len(lists)-1]); got != want {
		s.Errorf("beside strange rows an event has the tags\n%s\ninstead of\n%s", got, want)
	}
	for i := range events {
		s.ask(events[i : i+1])
	}
}

func (s *suite) unchanged() {
	s.configure()
	var before []string
	for i := range s.Events {
		before = append(before, string(s.Events[i].AppendFields(nil)))
	}
	s.ask(s.Events)
	for i := range s.Events {
		if e := &s.Events[i]; string(e.AppendFields(nil)) != before[i] || !e.Risk.Empty() {
			s.Errorf("Tag changed event %d", i)
		}
	}
}

// prompt is how long a canceled call may take, with room for a machine that is busy.
const prompt = 2 * time.Minute

func (s *suite) canceled() {
	s.configure()
	want := text(s.ask(s.Events)[0])
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = s.module.Tag(ctx, s.Events) // an error or an answer are both right
	}()
	timer := time.NewTimer(prompt)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		s.Fatalf("a canceled Tag went on for %v", prompt)
	}
	if got := text(s.ask(s.Events)[0]); got != want {
		s.Errorf("after a canceled Tag an event has the tags\n%s\ninstead of\n%s", got, want)
	}
}
