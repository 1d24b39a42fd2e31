package shapes

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/source/file"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

var start = time.Date(2026, 9, 8, 0, 0, 0, 0, time.UTC)

// day is a day of the demo's company and the attack on it, by table.
func day(t testing.TB, events int) map[string][]object {
	t.Helper()
	rows := map[string][]object{}
	for _, list := range [][]story.Row{story.Day(3, start, events), story.Attack(3, start)} {
		for i := range list {
			rows[list[i].Table] = append(rows[list[i].Table], decode(t, list[i].JSON))
		}
	}
	return rows
}

// module has the built-in rules, which haven't seen anything.
func module(t testing.TB) *celrule.Module {
	t.Helper()
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil {
		t.Fatal(err)
	}
	m := celrule.New()
	if err := m.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	return m.Unswitched()
}

// read are the events of a text.
func read(t testing.TB, text []byte, name string, want shape.Kind) (events []enrich.Event) {
	t.Helper()
	r := file.NewReader(bytes.NewReader(text), name, func(e *file.LineError) error { return e })
	for {
		some, err := r.Next()
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatalf("%s: %v", name, err)
			}
			break
		}
		events = append(events, some...)
	}
	if r.Kind != want {
		t.Fatalf("%s is read as %s", name, r.Kind)
	}
	return events
}

// said is what rules say of each event: their ids, severities, messages and objects.
func said(t testing.TB, m *celrule.Module, events []enrich.Event) (all []string) {
	t.Helper()
	tags, err := m.Tag(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range tags {
		var words []string
		for _, tag := range list {
			words = append(words, fmt.Sprintf("%s %s %d %q %q %v %s", tag.Rule, tag.Severity, tag.Score, tag.Message, tag.Reasons, tag.Objects, tag.Error))
		}
		slices.Sort(words)
		all = append(all, strings.Join(words, "\n"))
	}
	return all
}

// TestSameEventSameTags writes each table of the day in each shape that it has.
func TestSameEventSameTags(t *testing.T) {
	rows := day(t, 3000)
	m := module(t)
	tagged := 0
	for table, list := range rows {
		events := read(t, writeLines(t, list), "rows.ndjson", shape.Rows)
		said(t, m, events) // rules with first_seen have seen all then
		before := said(t, m, events)
		tagged += len(events) - len(slices.DeleteFunc(slices.Clone(before), func(s string) bool { return s != "" }))
		for _, w := range writers() {
			if !w.takes(table) {
				continue
			}
			t.Run(w.name+" "+table, func(t *testing.T) {
				name := "rows.json"
				if table == "AADNonInteractiveUserSignInLogs" {
					name = "NonInteractiveSignIns_2026-09-08.csv"
				}
				events := read(t, w.write(t, list), name, w.kind)
				if len(events) != len(list) {
					t.Fatalf("%d events of %d", len(events), len(list))
				}
				after := said(t, m, events)
				differ := 0
				for i := range events {
					if events[i].Table != table {
						t.Fatalf("event %d is of %s", i, events[i].Table)
					}
					if same(w.kind, list[i], &events[i], before[i], after[i]) {
						continue
					}
					if differ++; differ <= 3 {
						t.Errorf("in rows:\n%s\nhere:\n%s\n%s", before[i], after[i], events[i].AppendFields(nil))
					}
				}
				if differ > 0 {
					t.Errorf("%d events differ", differ)
				}
			})
		}
	}
	if tagged < leastTagged {
		t.Errorf("only %d events have tags: then equal tags say little", tagged)
	}
}

// same reports whether rules say the same of an event in a shape, but for what the shape lacks: the portal's CSV has no ids of
// applications that change something, so that it can't be told whether they are Microsoft's, and rules say of lists that it may have
// cut that they aren't sure.
func same(kind shape.Kind, row object, e *enrich.Event, before, after string) bool {
	if kind != shape.EntraCSV || before == after {
		return before == after
	}
	if e.MayBeCut() {
		for _, rule := range ruleIDs(before) {
			if !slices.Contains(ruleIDs(after), rule) { // matched, or in doubt
				return false
			}
		}
		return true
	}
	initiated, _ := row["InitiatedBy"].(object)
	return initiated["app"] != nil && slices.Equal(ruleIDs(before), ruleIDs(after))
}

// ruleIDs are the first words of lines.
func ruleIDs(said string) (ids []string) {
	for _, line := range strings.Split(said, "\n") {
		if id, _, _ := strings.Cut(line, " "); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestCutFileSaysSo has a change that the portal's CSV leaves out: the rule that looks for it says that it can't tell, and no other
// does.
func TestCutFileSaysSo(t *testing.T) {
	m := module(t)
	change := func(name string) object { return object{"displayName": name, "oldValue": `"[]"`, "newValue": `["x"]`} }
	secret := object{"displayName": "KeyDescription", "oldValue": "[]", "newValue": `["[KeyIdentifier=0a9d3c11-57c4-4b7e-9e55-2f1b4c6d8e90,KeyType=Password,KeyUsage=Verify,DisplayName=ops]"]`}
	row := func(operation string, changes ...any) object {
		return object{
			"Type": "AuditLogs", "ActivityDateTime": "2026-09-08T23:10:00Z", "OperationName": operation, "Result": "success", "CorrelationId": operation,
			"InitiatedBy":     object{"user": object{"userPrincipalName": "ina@contoso.example", "id": "9d0c1e7a-0b7c-4d44-8f30-7d2f6a1c9b01"}},
			"TargetResources": []any{object{"id": "c7a0d5f3-5a0b-4b0e-a6e3-2b7f0d1c4e55", "type": "Application", "displayName": "Billing", "modifiedProperties": changes}},
		}
	}
	others := []any{change("A"), change("B"), change("C"), change("D"), change("E")}
	events := read(t, writePortalCSV(t, []object{
		row("Update application", append(slices.Clone(others), secret)...), row("Update application", others[:4]...), row("Delete user", others...),
	}), "AuditLogs.csv", shape.EntraCSV)
	said := said(t, m, events)
	if !strings.Contains(said[0], "entra.app.credential.added") || !strings.Contains(said[0], "not judged") {
		t.Errorf("of a file that lacks the change: %s", said[0])
	}
	if said[1] != "" || events[1].MayBeCut() {
		t.Errorf("of a whole event: %s", said[1])
	}
	if said[2] != "" || !events[2].MayBeCut() {
		t.Errorf("of an operation that no rule is about: %s", said[2])
	}
}

// leastTagged is how many events the attack and the day's false alarms have.
const leastTagged = 30
