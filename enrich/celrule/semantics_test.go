package celrule_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// TestExpressions pins what expressions mean: each is put into a message and rendered for one row.
func TestExpressions(t *testing.T) {
	const row = `{"Type":"AuditLogs","TimeGenerated":"2026-03-02T22:10:00.1234567Z","OperationName":"Update user","Result":"success","DurationMs":"7","Level":4,
		"InitiatedBy":{"user":{"id":"u1","userPrincipalName":"ann@contoso.example"},"app":null},"AdditionalDetails":"[]",
		"TargetResources":"[{\"id\":\"t1\",\"type\":\"User\",\"displayName\":null,\"n\":1.5,\"tags\":[\"a\",\"b\"]}]","Mine_s":"mine","Empty_s":""}`
	for expression, want := range map[string]string{
		`event.OperationName`:                                    "Update user",
		`event.ResultReason`:                                     "(unknown)", // absent: empty
		`event.DurationMs + 1`:                                   "8",         // a number that came as text
		`event.Level`:                                            "4",         // a text that came as number
		`event.time`:                                             "2026-03-02T22:10:00Z",
		`"a\u202eb\u2066c\u009b2Jd\u2028e"`:                      "a b c 2Jd e", // nothing turns or commands a terminal
		`event.ActivityDateTime.getFullYear()`:                   "(unknown)",   // absent: the zero time
		`event.InitiatedBy.user.id`:                              "u1",
		`event.InitiatedBy.app.id`:                               "(unknown)", // missing
		`event.InitiatedBy.?app.?id.orValue("none")`:             "none",
		`has(event.InitiatedBy.app)`:                             "false", // null counts as not there
		`event.InitiatedBy.app == null`:                          "true",
		`event.InitiatedBy["app"] == null`:                       "true",
		`null != event.InitiatedBy.user`:                         "true",
		`event.InitiatedBy.nothing == null`:                      "true",
		`event.TargetResources[0].n + 0.5`:                       "2",
		`event.TargetResources[0].tags`:                          "a, b",
		`event.TargetResources[0].tags.filter(x, x == "c")`:      "none",
		`event.TargetResources[3].id`:                            "(unknown)",
		`event.TargetResources[0]`:                               `{"id":"t1","n":1.5,"tags":["a","b"],"type":"User"}`,
		`event.targets.map(x, x.label)`:                          "t1",
		`event.AdditionalDetails.size()`:                         "0",
		`event.column("Mine_s")`:                                 "mine",
		`event.column("Mine_s") == null`:                         "false",
		`event.column("Other_s") == null`:                        "true",
		`event.column("Empty_s") == ""`:                          "true",
		`event.actor`:                                            "ann@contoso.example",
		`event.table + "/" + event.operation`:                    "AuditLogs/update user",
		`"TIER0" in lists.any_case && !("TIER0" in lists.exact)`: "true",
		`minus(["a", "tier0", "a", "b"], lists.any_case)`:        "a, b",
		`common(["TIER0", "b"], lists.any_case)`:                 "TIER0",
		`common(["TIER0", "b"], lists.exact)`:                    "none",
		`lists.exact.exists(x, x.endsWith("0"))`:                 "true",
		`words(" a  b ")`:                                        "a, b",
		`json("{\"a\": {\"b\": [1]}}").a.b[0]`:                   "1",
		`json("no json").a == null`:                              "true",
		`json("no json").exists(x, true)`:                        "false",
		`json("") + ["x"]`:                                       "x",
		`fold("A – B.")`:                                         "a - b",
		`name_words("Test-App_02 x")`:                            "test, app, x",
		`segment("/a/Vaults/kv/x", "vaults")`:                    "kv",
		`guid_of("x")`:                                           "(unknown)",
		`"ABC".lower()`:                                          "abc",
		`uri("https://A.example/x").host`:                        "a.example",
		`looks_like("Micros0ft", ["Microsoft"])`:                 "true",
		`under("a.b.example", ["b.example"])`:                    "true",
		`credential("[KeyIdentifier=1,KeyType=Password]").type`:  "Password",
		`now`:                                   "2026-03-03T00:00:00Z",
		`now - event.time > duration("1h")`:     "true",
		`duration("90m")`:                       "1h30m0s",
		`macros.twice("x")`:                     "xx",
		`macros.twice(macros.twice("x"))`:       "xxxx",
		`["p", "q"].filter(x, macros.among(x))`: "q", // the macro's own x is another
		`macros.event_id()`:                     "u1",
		`1 < 1.5`:                               "true",
		`[event.actor, event.actor][0] == event.actor`: "true",
		`dyn(event.actor).upn`:                         "ann@contoso.example",
		`event.success ? "yes" : "no"`:                 "yes",
	} {
		m := configured(t, `{at: "2026-03-03T00:00:00Z"}`, pack(`
lists:
  - {name: exact, items: [tier0]}
  - {name: any_case, case: insensitive, items: [tier0]}
macros:
  - {name: twice, params: [x], expr: x + x}
  - {name: among, params: [v], expr: '["q", "r"].exists(x, x == v)'}
  - {name: event_id, expr: event.InitiatedBy.user.id}
rules:
  - {id: a.b, title: t, tables: [AuditLogs], severity: low, when: "true", message: `+"'{"+strings.ReplaceAll(expression, "'", "''")+"}'"+`}
`))
		tags := tag(t, m, strings.ReplaceAll(row, "\n", ""))
		if len(tags[0]) != 1 || tags[0][0].Message != want {
			t.Errorf("%s = %+v, want %q", expression, tags[0], want)
		}
	}
}

func TestAdjust(t *testing.T) {
	for _, c := range []struct {
		rule     string
		severity enrich.Severity
		score    int
		reasons  string
	}{
		{`severity: high`, enrich.High, 70, ""},
		{`severity: critical, adjust: [{if: "true", score: "+20", reason: a}]`, enrich.Critical, 100, "a"},
		{`severity: info, adjust: [{if: "true", score: "-20", reason: a}]`, enrich.Info, 0, "a"},
		{`severity: high, adjust: [{if: "true", severity: low, reason: a}]`, enrich.Low, 20, "a"},
		{`severity: high, score: 75, adjust: [{if: "true", severity: medium, reason: a}]`, enrich.Medium, 45, "a"},
		{`severity: high, adjust: [{if: "true", severity: low, score: 33, reason: a}, {if: "false", score: 1, reason: b}, {if: "true", score: "+2", reason: c}]`, enrich.Low, 35, "a,c"},
		{`severity: high, adjust: [{if: 'event.TargetResources[0].id == "x"', score: 1, reason: missing}]`, enrich.High, 70, ""},
		{`severity: high, adjust: [{if: 'context.owns("x")', score: 1, reason: not configured}]`, enrich.High, 70, ""},
		{`severity: high, let: {o: 'context.owns("x")'}, adjust: [{if: o, score: 1, reason: not configured}]`, enrich.High, 70, ""},
	} {
		m := configured(t, "", pack(`rules: [{id: a.b, title: t, tables: [AuditLogs], when: "true", `+c.rule+`}]`))
		got := tag(t, m, `{"Type":"AuditLogs"}`)[0]
		if len(got) != 1 || got[0].Severity != c.severity || got[0].Score != c.score || strings.Join(got[0].Reasons, ",") != c.reasons {
			t.Errorf("%s: %+v", c.rule, got)
		}
	}
}

func TestFailures(t *testing.T) {
	m := configured(t, "", pack(`
rules:
  - {id: a.faulty, title: t, tables: [AuditLogs], severity: low, when: 'event.InitiatedBy.n > "x"'}
  - {id: a.missing, title: t, tables: [AuditLogs], severity: low, when: 'event.InitiatedBy.m > "x"'}
  - {id: a.step, title: t, tables: [AuditLogs], severity: low, when: "true", adjust: [{if: 'event.InitiatedBy.n > "x"', score: 1, reason: odd}]}
  - {id: a.let, title: t, tables: [AuditLogs], severity: low, let: {n: 1 / event.DurationMs}, when: n > 0}
  - {id: a.or, title: t, tables: [AuditLogs], severity: low, when: 'event.InitiatedBy.m == "x" || event.DurationMs == 0'}
`))
	tags := tag(t, m, `{"Type":"AuditLogs","InitiatedBy":{"n":1}}`)[0]
	var got []string
	for _, x := range tags {
		got = append(got, x.Rule+" "+x.Error)
	}
	want := []string{
		"a.faulty when: a dynamic value has a type that the rule doesn't expect (no such overload)",
		"a.let when: division by zero",
		"a.or ",
		"a.step ",
		`a.step adjust "odd": a dynamic value has a type that the rule doesn't expect (no such overload)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]uint64{"a.missing": 1}, m.MissingFields()); diff != "" {
		t.Errorf("missing fields (-want +got):\n%s", diff)
	}
}

func TestOff(t *testing.T) {
	file := pack(`
rules:
  - {id: a.when, title: t, tables: [AuditLogs], severity: low, when: context.outside_hours(event.time)}
  - {id: a.through_let, title: t, tables: [AuditLogs], severity: low, let: {a: 'context.list("vips")', b: a.size()}, when: b > 0}
  - {id: a.message, title: t, tables: [AuditLogs], severity: low, when: "true", message: "{context.apps.size()}"}
  - {id: a.object, title: t, tables: [AuditLogs], severity: low, when: "true", objects: [{type: x, value: 'context.dns("h")'}]}
  - {id: a.step, title: t, tables: [AuditLogs], severity: low, when: "true", adjust: [{if: 'context.seen("b", "k")', score: 1, reason: r}]}
  - {id: a.unused, title: t, tables: [AuditLogs], severity: low, let: {a: context.credential_lifetime}, when: "true"}
`)
	off := func(settings string) map[string]string {
		about, err := configured(t, settings, file).Describe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range about.Rules {
			if r.Off != "" {
				out[r.ID] = r.Off
			}
		}
		return out
	}
	want := map[string]string{
		"a.when": "needs context business_hours", "a.through_let": "needs context lists.vips", "a.message": "needs context applications",
		"a.object": "needs context dns",
	}
	if diff := cmp.Diff(want, off("")); diff != "" {
		t.Errorf("without context (-want +got):\n%s", diff)
	}
	all := `{context: {business_hours: {days: [mon], from: "08:00", to: "18:00"}, lists: {vips: []}, applications: [], dns: {}}}`
	if diff := cmp.Diff(map[string]string{}, off(all)); diff != "" {
		t.Errorf("with context (-want +got):\n%s", diff)
	}
}

func TestRevision(t *testing.T) {
	base := `
lists: [{name: l, items: [a, b]}, {name: other, items: [c]}]
macros: [{name: m, params: [x], expr: x in lists.l}]
rules:
  - id: a.b
    title: one
    tables: [AuditLogs]
    severity: low
    when: macros.m(event.operation)
    message: hello
`
	revision := func(body string) string {
		about, err := configured(t, "", pack(body)).Describe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return about.Rules[0].Revision
	}
	first := revision(base)
	for name, c := range map[string]struct {
		old, new string
		same     bool
	}{
		"title":           {"title: one", "title: two", true},
		"message":         {"hello", "bye", true},
		"white space":     {"when: macros", "when:   macros", true},
		"items' order":    {"[a, b]", "[b, a]", true},
		"another list":    {"[c]", "[d]", true},
		"severity":        {"severity: low", "severity: high", false},
		"condition":       {"macros.m(event.operation)", "macros.m(event.operation) == false", false},
		"list in a macro": {"[a, b]", "[a, b, c]", false},
		"macro":           {"expr: x in", "expr: x + x in", false},
		"list's case":     {"{name: l, items", "{name: l, case: insensitive, items", false},
	} {
		if got := revision(strings.Replace(base, c.old, c.new, 1)); (got == first) != c.same {
			t.Errorf("%s: revision %s and %s", name, first, got)
		}
	}
}

func TestSelector(t *testing.T) {
	about, _ := celrule.New().Describe(context.Background())
	if about.Selector.Wants("AuditLogs") || len(about.Rules) != 0 || about.Name != "cel" {
		t.Errorf("without rules: %+v", about)
	}
	m := configured(t, "", pack(`
rules:
  - {id: a.on, title: t, tables: [SigninLogs, Mine_CL], severity: low, when: 'event.column("x_s") == null && event.table.endsWith("_CL")'}
  - {id: a.off, title: t, tables: [AuditLogs], severity: low, when: 'context.owns(event.Identity)'}
`))
	about, _ = m.Describe(context.Background())
	want := enrich.Selector{Tables: []string{"Mine_CL", "SigninLogs"}, Columns: []string{"Type", "_OriginalTimeGenerated", "_OriginalType", "x_s"}}
	if diff := cmp.Diff(want, about.Selector); diff != "" {
		t.Errorf("selector (-want +got):\n%s", diff)
	}
	tags := tag(t, m, `{"Type":"Mine_CL"}`, `{"Type":"Mine_CL","x_s":"there"}`, `{"Type":"SigninLogs"}`, `{"Type":"Nobody"}`)
	if len(tags[0]) != 1 || len(tags[1])+len(tags[2])+len(tags[3]) > 0 {
		t.Errorf("tags %+v", tags)
	}
}

// TestConcurrent reloads rules while several goroutines tag; each answer must be that of one whole set.
func TestConcurrent(t *testing.T) {
	file := func(n int) enrich.File {
		return pack(fmt.Sprintf(`rules: [{id: a.x, title: t, tables: [AuditLogs], severity: low, when: "true", message: "%d {event.operation}"}, {id: a.y, title: t, tables: [AuditLogs], severity: low, when: "true", message: "%d {event.operation}"}]`, n, n))
	}
	m := configured(t, "", file(0))
	row := event(t, `{"Type":"AuditLogs","OperationName":"x"}`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				tags, err := m.Tag(context.Background(), []enrich.Event{row, row})
				if err != nil || len(tags) != 2 || tags[0][0].Message != tags[0][1].Message || tags[0][0].Message != tags[1][1].Message {
					t.Errorf("tags %+v, %v", tags, err)
					return
				}
			}
		})
	}
	for n := range 20 {
		if err := m.Configure(context.Background(), enrich.Config{Files: []enrich.File{file(n)}}); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestCanceled(t *testing.T) {
	m := configured(t, "", pack(credentialRule))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Tag(ctx, []enrich.Event{event(t, credentialRow)}); err == nil {
		t.Error("no error from a canceled context")
	}
}
