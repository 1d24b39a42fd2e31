package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// speaker is a module that declares rules and says the same of every event.
type speaker struct {
	about Description
	says  []Tag
}

func (s *speaker) Describe(context.Context) (Description, error) { return s.about, nil }
func (s *speaker) Configure(context.Context, Config) error       { return nil }
func (s *speaker) Tag(_ context.Context, events []Event) ([][]Tag, error) {
	lists := make([][]Tag, len(events))
	for i := range lists {
		lists[i] = s.says
	}
	return lists, nil
}

func rule(id, pack string, guide ...string) RuleInfo {
	return RuleInfo{ID: id, Pack: pack, Guide: guide, Severity: Low}
}

// builtin is a module of riskrelay's own with one rule.
func builtin() *speaker {
	return &speaker{
		about: Description{Name: "cel", Rules: []RuleInfo{rule("apps.owner", "apps@1.0.0", "owner-changed")}},
		says:  []Tag{{Rule: "apps.owner", Pack: "apps@1.0.0", Guide: []string{"owner-changed"}, Severity: High, Score: 70}},
	}
}

// voices is the risk of one event as text: each rule, suppressed match and error with its module.
func voices(r *Risk) string {
	var all []string
	for _, m := range r.Rules {
		all = append(all, m.ID+"/"+m.Module)
	}
	for _, m := range r.Suppressed {
		all = append(all, "suppressed "+m.ID+"/"+m.Module)
	}
	for _, f := range r.Errors {
		all = append(all, "error "+f.Rule+"/"+f.Module+": "+f.Reason)
	}
	return strings.Join(all, "; ")
}

// TestGuestsSpeakForThemselves has a module say things in the name of others.
func TestGuestsSpeakForThemselves(t *testing.T) {
	low := func(rule, pack string, guide ...string) Tag {
		return Tag{Rule: rule, Pack: pack, Guide: guide, Severity: Low}
	}
	tests := []struct {
		name  string
		rules []RuleInfo // that the guest, called mine, declares
		says  []Tag
		want  string // beside the built-in rule's match
	}{
		{"its own", []RuleInfo{rule("zoo.thing", "some@1")}, []Tag{low("zoo.thing", "some@2")}, "zoo.thing/mine"},
		{"undeclared", nil, []Tag{low("zoo.thing", "some@1", "a-row")}, "zoo.thing/mine"},
		{"under its name", nil, []Tag{low("mine.thing", "mine@1")}, "mine.thing/mine"},
		{"a tag", nil, []Tag{low("apps.owner", "")}, "error /mine: 1 of its tags refused: the rule apps.owner belongs to module cel"},
		{"an error", nil, []Tag{{Rule: "apps.owner", Error: "broken"}}, "error /mine: 1 of its tags refused: the rule apps.owner belongs to module cel"},
		{"a suppression", nil, []Tag{{Rule: "apps.owner", Severity: Low, Suppressed: "known"}}, "error /mine: 1 of its tags refused: the rule apps.owner belongs to module cel"},
		{"a rule that it declares, too", []RuleInfo{rule("apps.owner", "")}, []Tag{low("apps.owner", "")}, "error /mine: 1 of its tags refused: the rule apps.owner belongs to module cel"},
		{"a pack", nil, []Tag{low("mine.x", "apps@9")}, "error /mine: 1 of its tags refused: the pack apps belongs to module cel"},
		{"a guide row", nil, []Tag{low("mine.x", "", "owner-changed")}, "error /mine: 1 of its tags refused: the guide row owner-changed belongs to module cel"},
		{"what another module is called", nil, []Tag{low("other.x", "")}, "error /mine: 1 of its tags refused: the rule other.x belongs to module other"},
		{"what another module declares", nil, []Tag{low("declared.x", "")}, "error /mine: 1 of its tags refused: the rule declared.x belongs to module other"},
		{
			"its own beside", nil,
			[]Tag{low("apps.owner", ""), low("mine.a", ""), low("apps.owner", ""), low("mine.b", ""), {Rule: "mine.c", Error: "broken"}},
			"mine.a/mine; mine.b/mine; error /mine: 2 of its tags refused: the rule apps.owner belongs to module cel; error mine.c/mine: broken",
		},
		{"nobody's fault", nil, []Tag{{Error: "broken"}}, "error /mine: broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mine := &speaker{about: Description{Name: "cel", Rules: tt.rules}, says: tt.says} // whatever it calls itself
			other := &speaker{about: Description{Rules: []RuleInfo{rule("declared.x", "")}}}
			said := slices.Clone(tt.says)
			e := NewEnricher(builtin(), Guest{mine, "mine"}, Guest{other, "other"})
			var refused int
			e.Refused = func(module string, tags int, reason string) {
				if refused += tags; module != "mine" || reason == "" {
					t.Errorf("Refused was told of %s: %s", module, reason)
				}
			}
			events := some(1)
			e.Enrich(t.Context(), events)
			want := "apps.owner/; " + tt.want
			if got := voices(&events[0].Risk); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if strings.Contains(tt.want, "refused") != (refused > 0) {
				t.Errorf("Refused was told of %d tags", refused)
			}
			if fmt.Sprint(mine.says) != fmt.Sprint(said) {
				t.Errorf("the module's own lists were changed: %v", mine.says)
			}
		})
	}
}

// TestTheEarlierKeepsTheName is about names that two guests want.
func TestTheEarlierKeepsTheName(t *testing.T) {
	says := []Tag{{Rule: "shared.x", Severity: Low}}
	declaring := func(ids ...string) *speaker {
		s := &speaker{says: says}
		for _, id := range ids {
			s.about.Rules = append(s.about.Rules, rule(id, ""))
		}
		return s
	}
	tests := []struct {
		name          string
		first, second *speaker
		want          string
	}{
		{"both declare", declaring("shared.x"), declaring("shared.x"), "shared.x/first; error /second: 1 of its tags refused: the rule shared.x belongs to module first"},
		{"none declares", declaring(), declaring(), "shared.x/first; error /second: 1 of its tags refused: the rule shared.x belongs to module first"},
		{"the second declares", declaring(), declaring("shared.x"), "shared.x/second; error /first: 1 of its tags refused: the rule shared.x belongs to module second"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := NewEnricher(Guest{tt.first, "first"}, Guest{tt.second, "second"})
			events := some(1)
			e.Enrich(t.Context(), events)
			if got := voices(&events[0].Risk); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	contests := Contests([]Description{{Name: "first", Rules: declaring("shared.x", "a").about.Rules}, {Name: "second", Rules: declaring("shared.x", "b").about.Rules}})
	want := "[module second: the rule shared.x belongs to module first, which is configured earlier: what second says in its name is refused]"
	if got := fmt.Sprint(contests); got != want {
		t.Errorf("Contests: %s", got)
	}
}

// TestNamesChangeHands holds that a description that changes counts from the next batch on, and that names that are
// only used are bounded.
func TestNamesChangeHands(t *testing.T) {
	cel, mine := builtin(), &speaker{says: []Tag{{Rule: "apps.new", Severity: Low}}}
	e := NewEnricher(cel, Guest{mine, "mine"})
	ask := func() string {
		events := some(1)
		e.Enrich(t.Context(), events)
		return voices(&events[0].Risk)
	}
	if got, want := ask(), "apps.owner/; apps.new/mine"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	cel.about.Rules = append(slices.Clone(cel.about.Rules), rule("apps.new", "apps@1.0.0"))
	if got, want := ask(), "apps.owner/; error /mine: 1 of its tags refused: the rule apps.new belongs to module cel"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	cel.about.Rules = cel.about.Rules[:1:1]
	var last string
	for i := range maxUsed + 1 {
		mine.says = []Tag{{Rule: fmt.Sprintf("invented.%d", i), Severity: Low}}
		last = ask()
	}
	if want := "apps.owner/; error /mine: 1 of its tags refused: it uses more than 1000 names that it doesn't declare, such as the rule invented."; !strings.HasPrefix(last, want) {
		t.Errorf("got %s, want %s", last, want)
	}
}

// TestOnlyGuestsAreNamed holds what a match looks like outside.
func TestOnlyGuestsAreNamed(t *testing.T) {
	events := some(1)
	NewEnricher(builtin(), Guest{&speaker{says: []Tag{{Rule: "mine.x", Severity: Low}}}, "mine"}).Enrich(t.Context(), events)
	text, err := json.Marshal(events[0].Risk.Rules)
	want := `[{"id":"apps.owner","pack":"apps@1.0.0","guide":["owner-changed"],"severity":"high","score":70},{"id":"mine.x","module":"mine","severity":"low","score":0}]`
	if err != nil || string(text) != want {
		t.Errorf("got  %s, %v\nwant %s", text, err, want)
	}
}

// BenchmarkGuest measures what it costs to look whose name a tag has, beside the tags of riskrelay's own module.
func BenchmarkGuest(b *testing.B) {
	mine := &speaker{says: []Tag{{Rule: "mine.x", Pack: "mine@1", Severity: Low}}}
	mine.about.Rules = []RuleInfo{rule("mine.x", "mine@1")}
	for name, m := range map[string]Module{"own": mine, "guest": Guest{mine, "mine"}} {
		b.Run(name, func(b *testing.B) {
			e, events := NewEnricher(m), some(blockSize)
			b.ReportAllocs()
			for b.Loop() {
				for i := range events {
					events[i].Risk = Risk{}
				}
				e.Enrich(b.Context(), events)
			}
		})
	}
}
