package plugin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
)

func fullTag() enrich.Tag {
	return enrich.Tag{
		Rule: "a.b", Revision: "abc", Pack: "p@1.0.0", Guide: []string{"owner-changed"}, Severity: enrich.High, Score: 70,
		Reasons: []string{"because"}, Message: "Bäume", Objects: []enrich.Object{{Type: "user", Value: "u"}},
		Mitre: []string{"T1098.001"}, Suppressed: "known",
	}
}

func TestWordsCross(t *testing.T) {
	tags := [][]enrich.Tag{{fullTag(), {Rule: "c", Error: "broken"}}, nil, {fullTag()}}
	if diff := cmp.Diff(tags, fromLists(toLists(tags))); diff != "" {
		t.Errorf("tags: %s", diff)
	}
	config := enrich.Config{Files: []enrich.File{{Name: "a/b.yaml", Data: []byte("\xff")}}, Settings: []byte("x: 1")}
	if diff := cmp.Diff(config, fromConfig(toConfig(config))); diff != "" {
		t.Errorf("config: %s", diff)
	}
	about := enrich.Description{
		Name: "m", Version: "1", Selector: enrich.Selector{Tables: []string{"A"}, Columns: []string{"B"}},
		Rules: []enrich.RuleInfo{{
			ID: "a.b", Title: "t", Pack: "p", Revision: "r", Tables: []string{"A"}, Guide: []string{"g"},
			Severity: enrich.Low, Mitre: []string{"T1"}, Off: "needs context",
		}},
	}
	if diff := cmp.Diff(about, fromDescription(toDescription(about))); diff != "" {
		t.Errorf("description: %s", diff)
	}
}

func TestTextsAreMadeValid(t *testing.T) {
	got := fromTag(toTag(&enrich.Tag{Rule: "a\xff", Reasons: []string{"\xfe"}, Score: 1 << 40}))
	if got.Rule != "a\uFFFD" || got.Reasons[0] != "\uFFFD" || got.Score <= maxScore {
		t.Errorf("got %+v", got)
	}
}

func TestCheckLists(t *testing.T) {
	change := func(edit func(*enrich.Tag)) enrich.Tag {
		tag := fullTag()
		edit(&tag)
		return tag
	}
	long := strings.Repeat("x", maxText+1)
	tests := []struct {
		want string
		tag  enrich.Tag
	}{
		{"", fullTag()},
		{"", enrich.Tag{Error: "nobody's fault"}},
		{"is not 1 to 256 bytes long", change(func(t *enrich.Tag) { t.Rule = "" })},
		{"has characters other than", change(func(t *enrich.Tag) { t.Rule = "a b" })},
		{"has characters other than", enrich.Tag{Rule: "é", Error: "x"}},
		{"severity 0 doesn't exist", change(func(t *enrich.Tag) { t.Severity = 0 })},
		{"severity 6 doesn't exist", change(func(t *enrich.Tag) { t.Severity = 6 })},
		{"score -1 is not within", change(func(t *enrich.Tag) { t.Score = -1 })},
		{"score 101 is not within", change(func(t *enrich.Tag) { t.Score = 101 })},
		{"a list of 1001", change(func(t *enrich.Tag) { t.Reasons = make([]string, 1001) })},
		{"a text of 16385 bytes", change(func(t *enrich.Tag) { t.Message = long })},
		{"a text of 16385 bytes", change(func(t *enrich.Tag) { t.Objects[0].Value = long })},
		{"a text of 16385 bytes", enrich.Tag{Error: long}},
		{"a text of 300 bytes", change(func(t *enrich.Tag) { t.Pack = long[:300] })},
		{"a text of 300 bytes", change(func(t *enrich.Tag) { t.Mitre = []string{long[:300]} })},
	}
	for _, tt := range tests {
		lists := [][]enrich.Tag{nil, {tt.tag}}
		if err := checkLists(lists, 2); err != nil {
			t.Fatal(err)
		}
		if tt.want == "" {
			if diff := cmp.Diff([][]enrich.Tag{nil, {tt.tag}}, lists); diff != "" {
				t.Error(diff)
			}
		} else if len(lists[1]) != 1 || lists[1][0].Rule != "" || !strings.Contains(lists[1][0].Error, tt.want) {
			t.Errorf("got %.200v, want %s", lists[1], tt.want)
		}
	}
	lists := [][]enrich.Tag{{{Rule: "a", Error: "x", Score: 5, Message: "m"}}}
	if err := checkLists(lists, 1); err != nil || lists[0][0].Score != 0 || lists[0][0].Message != "" {
		t.Errorf("beside an error there is %+v, %v", lists[0][0], err)
	}
	if err := checkLists([][]enrich.Tag{make([]enrich.Tag, maxTags+1)}, 2); err == nil {
		t.Error("one list for two events passed")
	}
}

func TestCheckDescription(t *testing.T) {
	good := enrich.Description{Name: "cel-2", Rules: []enrich.RuleInfo{{ID: "a.b"}}}
	if err := checkDescription(good); err != nil {
		t.Error(err)
	}
	bad := map[string]enrich.Description{
		"no name":         {},
		"capital name":    {Name: "Cel"},
		"long name":       {Name: strings.Repeat("x", 65)},
		"columns":         {Name: "a", Selector: enrich.Selector{Columns: make([]string, 1001)}},
		"rule without id": {Name: "a", Rules: make([]enrich.RuleInfo, 1)},
		"severity":        {Name: "a", Rules: []enrich.RuleInfo{{ID: "a", Severity: 9}}},
		"rules":           {Name: "a", Rules: make([]enrich.RuleInfo, maxRules+1)},
	}
	for name, d := range bad {
		if checkDescription(d) == nil {
			t.Errorf("%s passed", name)
		}
	}
}
