package celrule_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// TestStatefulProblems pins the messages about macros' types, first_seen, exceptions and needs.
func TestStatefulProblems(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "stateful.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	err = celrule.New().Configure(context.Background(), enrich.Config{Files: []enrich.File{{Name: "stateful.yaml", Data: data}}})
	if err == nil {
		t.Fatal("the file was accepted")
	}
	golden(t, "stateful.txt", err.Error()+"\n")
}

func TestTypedMacros(t *testing.T) {
	m := configured(t, "", pack(`
macros:
  - {name: is_null, params: [{name: v, type: dyn}], expr: v == null}
  - {name: is, params: [{name: op, type: string}, {name: all, type: list(string)}], expr: "op in all || op == 'x'"}
  - {name: through, params: [{name: op, type: string}], expr: "macros.is(op, ['update user'])"}
  - {name: who, params: [{name: a, type: Actor}], expr: a.upn}
  - {name: by, params: [{name: e, type: AuditLogs}], expr: macros.who(e.actor)}
rules:
  - {id: a.b, title: t, tables: [AuditLogs], severity: low, when: "macros.through(event.operation) && macros.is_null(event.InitiatedBy.app) && macros.by(event) == 'ann@contoso.example' && ['y', 'x'].exists(o, macros.is(o, []))"}
`))
	if tags := tag(t, m, auditRow("2026-03-02T10:00:00Z", "ann@contoso.example"))[0]; len(tags) != 1 || tags[0].Error != "" {
		t.Errorf("%+v", tags)
	}
}

const tunedPack = `
lists:
  - {name: noise, items: [a, b]}
  - {name: any_case, case: insensitive, items: [Ann]}
rules:
  - {id: a.b, title: t, tables: [AuditLogs], when: '!(event.OperationName in lists.noise)', severity: high, exceptions: [{name: who, fields: [event.actor.upn]}]}
  - {id: a.old, title: t, status: deprecated, replaced_by: a.b, tables: [AuditLogs], when: "true", severity: low}
  - {id: a.list, title: t, tables: [AuditLogs], when: event.OperationName in lists.any_case, severity: low}
`

// TestMacroOfAnotherTable gives a macro for one table the event of another.
func TestMacroOfAnotherTable(t *testing.T) {
	err := celrule.New().Configure(context.Background(), enrich.Config{Files: []enrich.File{pack(`
macros: [{name: by, params: [{name: e, type: AuditLogs}], expr: e.OperationName}]
rules: [{id: a.b, title: t, tables: [AuditLogs, SigninLogs], severity: low, when: macros.by(event) == "x"}]
`)}})
	if err == nil || !strings.Contains(err.Error(), "the macro `by` wants AuditLogs for `e`, not SigninLogs") || strings.Count(err.Error(), "error[") != 1 {
		t.Errorf("%v", err)
	}
}

// tuning is a tuning file of the pack that the function pack makes.
func tuning(name, body string) enrich.File {
	return enrich.File{Name: name + ".yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: " + name + "}\nfor: {pack: test}\n" + body)}
}

func TestTuning(t *testing.T) {
	row := func(operation string) string {
		return `{"Type":"AuditLogs","TimeGenerated":"2026-03-02T10:00:00Z","OperationName":"` + operation + `"}`
	}
	for name, c := range map[string]struct {
		body, operation string
		want            []string
	}{
		"none":             {"", "x", []string{"a.b high 70 []"}},
		"a list":           {"lists: [{name: noise, add: [x]}]", "x", nil},
		"a list, removed":  {"lists: [{name: noise, remove: [a]}]", "a", []string{"a.b high 70 []"}},
		"any case":         {"lists: [{name: any_case, add: [BOB], remove: [ANN]}]", "bob", []string{"a.b high 70 []", "a.list low 20 []"}},
		"any case removed": {"lists: [{name: any_case, remove: [ANN]}]", "ann", []string{"a.b high 70 []"}},
		"severity":         {"rules: [{id: a.b, set: {severity: low}}]", "x", []string{"a.b low 20 []"}},
		"score":            {"rules: [{id: a.b, set: {severity: medium, score: 7}}]", "x", []string{"a.b medium 7 []"}},
		"disabled":         {"rules: [{id: a.b, set: {enabled: false}}]", "x", nil},
		"enabled":          {"rules: [{id: a.old, set: {enabled: true}}]", "x", []string{"a.b high 70 []", "a.old low 20 []"}},
	} {
		m := configured(t, "", pack(tunedPack), tuning("acme", c.body))
		var got []string
		for _, x := range tag(t, m, row(c.operation))[0] {
			got = append(got, x.Rule+" "+outcome(x))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTuningInDescription(t *testing.T) {
	plain, _ := configured(t, "", pack(tunedPack)).Describe(context.Background())
	tuned, _ := configured(t, "", tuning("acme", "rules: [{id: a.b, set: {severity: low, enabled: false}}, {id: a.old, set: {enabled: true}}]\nlists: [{name: noise, add: [z]}]"),
		pack(tunedPack)).Describe(context.Background())
	off := func(d enrich.Description) (out []string) {
		for _, r := range d.Rules {
			out = append(out, r.ID+" "+r.Severity.String()+" "+r.Off)
		}
		return out
	}
	if diff := cmp.Diff([]string{"a.b high ", "a.list low ", "a.old low deprecated, use a.b"}, off(plain)); diff != "" {
		t.Errorf("plain (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a.b low disabled by the tuning acme", "a.list low ", "a.old low "}, off(tuned)); diff != "" {
		t.Errorf("tuned (-want +got):\n%s", diff)
	}
	for i := range plain.Rules {
		if plain.Rules[i].Revision != tuned.Rules[i].Revision {
			t.Errorf("%s: tuning changes the revision", plain.Rules[i].ID)
		}
	}
}

// TestDrift names the rule and both revisions when a tuned rule has changed.
func TestDrift(t *testing.T) {
	about, _ := configured(t, "", pack(tunedPack)).Describe(context.Background())
	change := tuning("acme", "rules: [{id: a.b, base: sha256:"+about.Rules[0].Revision+", set: {severity: low}}]")
	m := configured(t, "", pack(tunedPack), change)
	if w := warnings(m); len(w) > 0 {
		t.Errorf("no drift: %v", w)
	}
	m = configured(t, "", pack(strings.Replace(tunedPack, "lists.noise)", "lists.any_case)", 1)), change)
	now, _ := m.Describe(context.Background())
	want := []string{"acme.yaml:5:25 R111 the rule `a.b` has changed since this was written: it was revision " + about.Rules[0].Revision + ", it is " + now.Rules[0].Revision + " now"}
	if diff := cmp.Diff(want, warnings(m)); diff != "" || now.Rules[0].Severity != enrich.Low {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}

// TestListFiles reads lists of rules and of the context from files, and keeps the old set when one is missing.
func TestListFiles(t *testing.T) {
	const rules = `
lists: [{name: noise, case: insensitive, file: lists/noise.txt}]
rules:
  - {id: a.b, title: t, tables: [AuditLogs], when: '!(event.OperationName in lists.noise) && event.OperationName in context.list("vips")', severity: high}
`
	files := []enrich.File{
		pack(rules),
		{Name: "lists/noise.txt", Data: []byte("# what happens all day\nX\n")},
		{Name: "ctx/context.yaml", Data: []byte("lists: {vips: {file: vips.csv, column: Name}}")},
		{Name: "ctx/vips.csv", Data: []byte("\uFEFFid;name\n1;x\n2;\"y\"\n")},
	}
	m := configured(t, "context_file: ctx/context.yaml", files...)
	matches := func() (n int) {
		for _, tags := range tag(t, m, `{"Type":"AuditLogs","OperationName":"x"}`, `{"Type":"AuditLogs","OperationName":"y"}`, `{"Type":"AuditLogs","OperationName":"z"}`) {
			n += len(tags)
		}
		return n
	}
	if n := matches(); n != 1 {
		t.Errorf("%d matches, want 1", n)
	}
	for missing, want := range map[int]string{
		1: "test.yaml:5:48: error[R113]: the file `lists/noise.txt` of the list can't be found",
		2: "ctx/context.yaml: error[R113]: the context file that the settings name is not among the files",
		3: "ctx/context.yaml:1:22: error[R113]: the file `vips.csv` of the list can't be found",
	} {
		rest := append(append([]enrich.File{}, files[:missing]...), files[missing+1:]...)
		err := m.Configure(context.Background(), enrich.Config{Files: rest, Settings: []byte("context_file: ctx/context.yaml")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v, want %s", files[missing].Name, err, want)
		}
		if n := matches(); n != 1 {
			t.Errorf("the last good set is gone: %d matches", n)
		}
	}
}
