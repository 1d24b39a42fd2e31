package celrule_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// TestKeys pins by what rules are picked.
func TestKeys(t *testing.T) {
	for when, want := range map[string]string{
		`event.operation == "add user"`:                                                   `event.operation == "add user"`,
		`event.OperationName == "Add user "`:                                              `event.operation == "add user"`,
		`event.Category == "a" && event.reason != ""`:                                     `event.Category == "a"`,
		`event.Category in ["1","2","3","4","5","6","7","8"]`:                             `event.Category in ["1", "2", "3", "4", "5", "6", "7", "8"]`,
		`event.Category in ["b", "a"]`:                                                    `event.Category in ["a", "b"]`,
		`event.Category in lists.some`:                                                    `event.Category in ["A", "b"]`,
		`event.Category in lists.any_case`:                                                `event.Category.lower() in ["a", "b"]`,
		`event.Category.lower() == "a"`:                                                   `event.Category.lower() == "a"`,
		`event.Category == "a" || event.operation == "b"`:                                 `event.Category == "a" or event.operation == "b"`,
		`event.Category == "a" || event.success`:                                          ``,
		`event.Category.startsWith("abc")`:                                                `event.Category begins with "abc"`,
		`event.Category.contains("Credential")`:                                           `event.Category has "credential"`,
		`event.Category.contains("abc")`:                                                  ``,
		`event.DurationMs == 7`:                                                           `event.DurationMs == "7"`,
		`event.column("Mine_s") == "x"`:                                                   `event.Mine_s == "x"`,
		`!event.success`:                                                                  `event.success == "false"`,
		`event.success`:                                                                   ``,
		`event.change("KeyDescription").present`:                                          `event.TargetResources has "keydescription"`,
		`event.change("KeyDescription").added.size() > 0`:                                 `event.TargetResources has "keydescription"`,
		`keys.size() > 0`:                                                                 `event.TargetResources has "keydescription"`,
		`keys.exists(k, k.type == "Password")`:                                            `event.TargetResources has "keydescription"`,
		`event.change("KeyDescription").added.size() == 0`:                                ``,
		`event.changed("KeyDescription")`:                                                 `event.TargetResources has "keydescription"`,
		`event.target("Application").present`:                                             `event.TargetResources has "application"`,
		`event.TargetResources.exists(t, t.displayName == "Payroll")`:                     `event.TargetResources has "payroll"`,
		`event.TargetResources[0].?displayName.orValue("") == "Payroll"`:                  `event.TargetResources has "payroll"`,
		`event.TargetResources[0].?displayName.orValue("Payroll") == "Payroll"`:           ``,
		`event.actor.upn == "ann@contoso.example"`:                                        `event.InitiatedBy has "ann@contoso.example"`,
		`result == "gone" && words.exists(w, event.Category.contains(w))`:                 `event.Result == "gone"`,
		`event.Category in words`:                                                         `event.Category in ["abcd", "efgh"]`,
		`words.exists(w, event.Category.contains(w))`:                                     `event.Category has "abcd" or event.Category has "efgh"`,
		`event.operation.contains("owner")`:                                               `event.operation has "owner"`,
		`event.operation.endsWith("owner") || event.operation == "x"`:                     `event.operation == "x" or event.operation ends with "owner"`,
		`event.operation.matches("^add .*role$")`:                                         `event.operation matches "^add .*role$"`,
		`event.Category.matches("(?i)^app.*(risky|dangerous)+ (user)?")`:                  `event.Category has "dangerous" or event.Category has "risky"`,
		`event.Category.matches("app|(risky)?")`:                                          ``,
		`event.Category in context.list("people")`:                                        `event.Category in ["ann", "bob"]`,
		`lists.some.exists(x, event.Category.startsWith(x))`:                              `event.Category begins with "A" or event.Category begins with "b"`,
		`lists.some.all(x, event.Category.startsWith(x))`:                                 ``,
		`event.table == "SigninLogs"`:                                                     `never`,
		`event.table == "AuditLogs"`:                                                      ``,
		`event.correlation_id == "c"`:                                                     `event.CorrelationId == "c"`,
		`event.reason.contains("consent")`:                                                `event.ResultDescription has "consent" or event.ResultReason has "consent"`,
		`event.grant.present`:                                                             `event.TargetResources has "approle.id" or event.TargetResources has "approle.value" or event.TargetResources has "delegatedpermissiongrant.scope"`,
		`event.grant.app_role == "Mail.Read"`:                                             `event.TargetResources has "mail.read"`,
		`event.consent.admin`:                                                             `event.TargetResources has "consentcontext.isadminconsent"`,
		`event.role.present`:                                                              `event.TargetResources has "role.displayname" or event.TargetResources has "role.objectid" or event.TargetResources has "role.templateid" or event.operation has "role"`,
		`event.role.id == "62e90394-69f5-4237-9190-012177145e10"`:                         `event.TargetResources has "role.displayname" or event.TargetResources has "role.objectid" or event.TargetResources has "role.templateid" or event.operation has "role"`,
		`event.actor.kind == "user"`:                                                      ``,
		`event.actor.label == "unknown"`:                                                  ``,
		`macros.is("add user")`:                                                           `event.operation == "add user"`,
		`is_add`:                                                                          `event.operation == "add user"`,
		`event.Category == "a" ? event.success : event.operation == "b"`:                  `event.Category == "a" or event.operation == "b"`,
		`!(event.Category != "a" || event.reason == "x")`:                                 `event.Category == "a"`,
		`false && event.success`:                                                          `never`,
		`event.Category != "a"`:                                                           ``,
		`event.reason.matches("a") || event.Category == "a"`:                              ``,
		`event.targets.exists(t, t.changes.exists(c, c.name == "AppAddress"))`:            `event.TargetResources has "appaddress"`,
		`event.changes.filter(c, c.old == "x").exists(c, c.name == "AppAddress")`:         `event.TargetResources has "appaddress"`,
		`event.targets.map(t, t.change("AppAddress")).exists(c, c.name == "AppAddress")`:  ``, // a target without it has a change of that name, too
		`event.change("AppAddress").name == "AppAddress"`:                                 ``,
		`size(event.targets.filter(t, t.type == "User").map(t, t.id)) > 0`:                `event.TargetResources has "user"`,
		`"app.contoso.example" in event.change("AppAddress").items_new.map(u, u.lower())`: `event.TargetResources has "appaddress"`,
	} {
		m := configured(t, "context: {lists: {people: [ann, bob]}}", pack(`
lists: [{name: some, items: [A, b]}, {name: any_case, case: insensitive, items: [A, b]}]
macros: [{name: is, params: [x], expr: event.operation == x}]
rules:
  - {id: a.b, title: t, tables: [AuditLogs], severity: low, when: '`+when+`', let: {result: event.Result, words: '["efgh", "abcd"]', is_add: event.operation == "add user",
     keys: 'event.change("KeyDescription").added.map(k, credential(k))'}}
`))
		if got := m.Key("a.b", "AuditLogs"); got != want {
			t.Errorf("%s: key %q, want %q", when, got, want)
		}
		if unindexed := len(m.Unindexed()) == 1; unindexed != (want == "") {
			t.Errorf("%s: unindexed is %v", when, unindexed)
		}
	}
}

// TestChoice holds that keys are chosen for the whole set: what many rules share picks nothing, and a question that few
// rules need isn't asked when they have another key.
func TestChoice(t *testing.T) {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 500 {
		fmt.Fprintf(&b, "  - {id: r.r%d, title: t, tables: [AuditLogs], severity: low, when: 'event.operation == \"add user\" && event.CorrelationId == \"c%d\"'}\n", i, i)
	}
	b.WriteString("  - {id: r.few, title: t, tables: [AuditLogs], severity: low, when: 'event.CorrelationId == \"x\" && event.TargetResources.exists(t, t.id == \"something\")'}\n")
	m := configured(t, "", pack(b.String()))
	if got := m.Key("r.r7", "AuditLogs"); got != `event.CorrelationId == "c7"` {
		t.Errorf("the key is %s", got)
	}
	if got := m.Key("r.few", "AuditLogs"); got != `event.CorrelationId == "x"` {
		t.Errorf("the key is %s", got)
	}
}

// TestBlocks holds that tags don't depend on how events are cut into calls, and that they come in the order of the
// rules' ids, with and without keys.
func TestBlocks(t *testing.T) {
	m := configured(t, "", pack(`
rules:
  - {id: r.c, title: t, tables: [AuditLogs], severity: low, when: event.operation == "add user", message: "{event.Category}"}
  - {id: r.a, title: t, tables: [AuditLogs], severity: low, when: event.Category.size() > 1, message: "{event.Category}"}
  - {id: r.b, title: t, tables: [AuditLogs, SigninLogs], severity: low, when: event.Category != "c1", message: "{event.Category}"}
`))
	var events []enrich.Event
	for i := range 300 {
		table := []string{"AuditLogs", "SigninLogs", "OfficeActivity"}[i%3]
		events = append(events, event(t, fmt.Sprintf(`{"Type":%q,"OperationName":%q,"Category":"c%d"}`, table, []string{"Add user", "x"}[i%2], i)))
	}
	whole, err := m.Tag(context.Background(), events)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		alone, err := m.Tag(context.Background(), events[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if i%3 == 0 {
			want = append(want, "r.a")
		}
		if i%3 < 2 && i != 1 {
			want = append(want, "r.b")
		}
		if i%6 == 0 {
			want = append(want, "r.c")
		}
		for name, tags := range map[string][]enrich.Tag{"in a block": whole[i], "alone": alone[0]} {
			var got []string
			for _, tag := range tags {
				got = append(got, tag.Rule)
				if tag.Message != fmt.Sprintf("c%d", i) {
					t.Errorf("event %d has the message of another: %q", i, tag.Message)
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("event %d %s: %v, want %v", i, name, got, want)
			}
		}
	}
}

// heavyRow makes a rule with three nested loops spend all it may.
func heavyRow() string {
	return `{"Type":"AuditLogs","TargetResources":[` + strings.TrimSuffix(strings.Repeat(`{"x":"a"},`, 300), ",") + `]}`
}

const heavyWhen = `event.TargetResources.exists(a, event.TargetResources.exists(b, event.TargetResources.exists(c, a.x + b.x == c.x)))`

// TestBreaker switches a rule off that takes too long on five events in a row, and on again with the next Configure.
func TestBreaker(t *testing.T) { synctest.Test(t, testBreaker) }

func testBreaker(t *testing.T) {
	file := pack("rules:\n  - {id: r.heavy, title: t, tables: [AuditLogs], severity: low, when: '" + heavyWhen + "'}\n" +
		"  - {id: r.fine, title: t, tables: [AuditLogs], severity: low, when: 'true'}\n")
	m := configured(t, "", file)
	errorsOf := func(row string) (out []string) {
		fine := false
		for _, tag := range tag(t, m, row)[0] {
			if tag.Error != "" {
				out = append(out, tag.Rule+": "+tag.Error)
			}
			fine = fine || tag.Rule == "r.fine"
		}
		if !fine {
			t.Errorf("the other rule was not evaluated")
		}
		return out
	}
	light := `{"Type":"AuditLogs","TargetResources":[]}`
	for range 4 {
		if got := errorsOf(heavyRow()); len(got) != 1 || got[0] != "r.heavy: when: took too long: the event is too large for this rule" {
			t.Fatalf("got %q", got)
		}
	}
	errorsOf(light) // ends in time, so that counting begins anew
	for range 4 {
		errorsOf(heavyRow())
	}
	if got := errorsOf(heavyRow()); len(got) != 1 || !strings.Contains(got[0], "5 times in a row, so that the rule is off and tried again in 30s") {
		t.Fatalf("got %q", got)
	}
	if got := errorsOf(heavyRow()); len(got) != 1 || !strings.HasPrefix(got[0], "r.heavy: not judged: ") {
		t.Errorf("an event that the rule was off for says %q", got)
	}
	if off := offOf(t, m, "r.heavy"); off != "took too long on 5 events in a row, tried again every 30s" {
		t.Errorf("the description says %q", off)
	}
	time.Sleep(30 * time.Second) // of the bubble's clock
	if got := errorsOf(heavyRow()); len(got) != 1 || !strings.HasPrefix(got[0], "r.heavy: when: took too long") {
		t.Errorf("the rule was not tried again: %q", got)
	}
	time.Sleep(30 * time.Second)
	errorsOf(light) // ends in time: on again
	if off := offOf(t, m, "r.heavy"); off != "" {
		t.Errorf("the rule is still off: %q", off)
	}
	for range 5 {
		errorsOf(heavyRow())
	}
	if err := m.Configure(context.Background(), enrich.Config{Files: []enrich.File{file}}); err != nil {
		t.Fatal(err)
	}
	if off := offOf(t, m, "r.heavy"); off != "" || len(errorsOf(heavyRow())) != 1 {
		t.Errorf("the rule is still off after Configure: %q", off)
	}
}

func offOf(t *testing.T, m *celrule.Module, id string) string {
	t.Helper()
	about, err := m.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range about.Rules {
		if r.ID == id {
			return r.Off
		}
	}
	t.Fatalf("no rule is called %s", id)
	return ""
}

// TestBudget lets many rules that are within their own limit use up the event's; the event says how many were not run,
// and the next event has all its rules again.
func TestBudget(t *testing.T) {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  - {id: r.r%02d, title: t, tables: [AuditLogs], severity: low, when: 'event.TargetResources.exists(a, event.TargetResources.exists(b, a.x == b.x + \"%d\")) || event.Category == \"c\"'}\n", i, i)
	}
	m := configured(t, "", pack(b.String()))
	row := `{"Type":"AuditLogs","Category":"c","TargetResources":[` + strings.TrimSuffix(strings.Repeat(`{"x":"a"},`, 60), ",") + `]}`
	tags := tag(t, m, row, `{"Type":"AuditLogs","Category":"c"}`)
	var matched int
	var failed []string
	for _, tag := range tags[0] {
		if tag.Error != "" {
			failed = append(failed, tag.Rule+": "+tag.Error)
			continue
		}
		matched++
	}
	want := fmt.Sprintf(": all rules together took too long on this event: %d of 100 were not run", 100-matched)
	if matched == 0 || matched == 100 || len(failed) != 1 || failed[0] != want {
		t.Errorf("%d matches, errors %q, want %q", matched, failed, want)
	}
	if len(tags[1]) != 100 {
		t.Errorf("the next event has %d tags", len(tags[1]))
	}
}
