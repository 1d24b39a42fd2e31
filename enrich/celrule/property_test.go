package celrule

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// pairs is how many pairs of a rule and an event TestIndexAgrees compares. RISKRELAY_PAIRS sets it; the whole proof has
// 100,000 (make soak-rules).
func pairs(t *testing.T) int {
	text := os.Getenv("RISKRELAY_PAIRS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("RISKRELAY_PAIRS: %v", err)
	}
	return n
}

// Words that rules and rows of TestIndexAgrees share, so that conditions often hold: some in other cases and spellings,
// some that need escapes.
func sharedWords() []string {
	return []string{
		"op alpha", "Op Alpha ", "op–alpha", "user", "User", "ann@contoso.example", "KeyDescription", "keydescription", "AppAddress", "success",
		"failure", "0", "50126", "", "true", "Kelvin", "\u212aelvin", "stra\u00dfe", "a\"quote", "back\\slash", "long word with spaces", "x",
		"https://app.contoso.example/cb", "Role.TemplateId", "last\u017f", "lasts", "ab", "tier0", "prefix-one", "prefix-two",
	}
}

type maker struct {
	*rand.Rand
	plain bool // values have no escapes
}

func (m maker) of(options ...string) string { return options[m.IntN(len(options))] }

func (m maker) word() string { return m.of(sharedWords()...) }

func (m maker) quoted() string { return strconv.QuoteToASCII(m.word()) }

// targetType is one of the types that targets have.
func (m maker) targetType() string { return m.of(`"User"`, `"application"`, `"Role"`, `"OTHER"`) }

func (m maker) words() string {
	var out []string
	for range 1 + m.IntN(3) {
		out = append(out, m.quoted())
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// text is an expression of a text.
func (m maker) text() string {
	return m.of("event.operation", "event.OperationName", "event.Category", "event.Result", "event.actor.upn", "event.actor.name", "event.Identity.lower()",
		`event.column("Mine_s")`, `event.column("Other_d")`, `event.InitiatedBy.user.userPrincipalName`, `event.InitiatedBy.?user.?id.orValue("")`,
		`event.TargetResources[0].displayName`, `event.target("User").name`, `event.target(`+m.targetType()+`).id`, `event.change("KeyDescription").new`, "event.reason", "event.correlation_id", "event.table", m.viewText(),
		`event.change(`+m.quoted()+`).old`, `event.detail("k")`, "aText", "event.ResultReason", `event.actor.label`, `event.change("AppAddress").name`)
}

// viewText is an expression of a text of a view.
func (m maker) viewText() string {
	return m.of("event.grant.client_id", "event.grant.client_app_id", "event.grant.client_name", "event.grant.app_role", "event.role.id", "event.role.name",
		"event.role.scope", "event.role.principal_id", "event.role.principal_name", "event.api.id", "event.api.name", "aRole.name")
}

// pattern is a regular expression.
func (m maker) pattern() string {
	return m.of(`"op.alpha"`, `"^op"`, `"(?i)ALPHA$"`, `"(?i)kelvin|user"`, `"(?:prefix-one|prefix-two)?lasts"`, `"stra.e"`, `"(lasts|[kK]elvin){1,3}"`,
		`"(lasts)*"`, `"(?i)contoso.example"`, `"keydesc(ription)+"`, `".*"`, `"user\\b"`)
}

func (m maker) list() string {
	return m.of(`event.change("KeyDescription").added`, `event.change(`+m.quoted()+`).items_new`, `event.targets.map(x, x.name)`, "aList",
		"event.grant.scopes", "event.grant.scopes_added", "event.consent.scopes", "event.consent.scopes_added", `context.list("people")`,
		`event.targets.filter(x, x.type == `+m.quoted()+`).map(x, x.name)`, `event.TargetResources.map(x, x.displayName)`,
		`minus(event.change("AppAddress").items_new, lists.some)`, `common(aList, lists.any_case)`, "lists.some", `words(event.ResultReason)`,
		`event.change("KeyDescription").added.map(k, credential(k).name)`, `event.targets[0].changes.map(c, c.name)`,
		`event.targets.map(t, t.change("KeyDescription")).map(c, c.name)`, `event.changes.filter(c, c.present).map(c, c.name)`)
}

// truth is an expression that is true or false, or fails.
func (m maker) truth(depth int) string {
	if depth > 0 {
		a, b := m.truth(depth-1), m.truth(depth-1)
		switch m.IntN(7) {
		case 0:
			return "!(" + a + ")"
		case 1:
			return "(" + a + " ? " + b + " : " + m.truth(depth-1) + ")"
		case 2, 3:
			return "(" + a + " || " + b + ")"
		default:
			return "(" + a + " && " + b + ")"
		}
	}
	switch m.IntN(19) {
	case 0, 1, 2:
		return m.text() + m.of(" == ", " == ", " != ") + m.quoted()
	case 3:
		return m.quoted() + " == " + m.text()
	case 4:
		return m.text() + " in " + m.of(m.words(), "lists.some", "lists.any_case", `context.list("people")`)
	case 5, 14:
		of, word := m.text(), m.word()
		if of == "event.operation" {
			word = event.Fold(word)
		}
		return of + m.of(".startsWith(", ".contains(", ".endsWith(") + strconv.QuoteToASCII(word) + ")"
	case 15:
		return m.of("event.operation", "event.operation", m.text()) + ".matches(" + m.pattern() + ")"
	case 16:
		return m.of("event.operation", m.text()) + m.of(`.contains("`, `.endsWith("`, `.startsWith("`) + m.of("op", "alpha", "a", "role", "") + `")`
	case 17:
		return m.of("event.grant.present", "event.grant.all_users", "event.grant.became_all_users", "event.consent.present", "event.consent.admin",
			"event.consent.on_behalf_of_all", "event.consent.blocked_risky", "event.role.present", "aRole.present", "aRole.id != ''")
	case 18:
		return m.of("lists.some", "lists.any_case", `context.list("people")`, m.words()) + ".exists(w, " +
			m.of("w == "+m.text(), m.text()+" == w", m.text()+m.of(".startsWith(w)", ".contains(w)", ".endsWith(w)"), m.quoted()+" == w") + ")"
	case 6:
		return m.quoted() + " in " + m.list()
	case 7:
		return m.list() + ".exists(v, v " + m.of("== "+m.quoted(), "in lists.some", "in lists.any_case", "!= "+m.quoted()) + ")"
	case 8:
		return "size(" + m.list() + ") " + m.of("> 0", "!= 0", ">= 1", "== 0", "< 2", ">= 0")
	case 9:
		return m.of("event.success", "event.actor.is_user", "event.changed("+m.quoted()+")", "event.change("+m.quoted()+").present",
			"event.target("+m.targetType()+").present", "aTruth", "true", "false", "event.success == false")
	case 10:
		return m.of("event.DurationMs", "event.DurationMs + 0") + m.of(" == ", " != ", " > ") + m.of("0", "7", "-1")
	case 11:
		return "event.targets.exists(t, t.name == " + m.quoted() + " && t.changes.exists(c, c.name == " + m.quoted() + " || c.new.contains(" + m.quoted() + ")))"
	case 12:
		return "event.TargetResources.exists(t, t.displayName == " + m.quoted() + " || t.modifiedProperties.exists(p, p.newValue.contains(" + m.quoted() + ")))"
	}
	return "macros.same(" + m.text() + ", " + m.quoted() + ")"
}

func (m maker) rules(n int) string {
	var b strings.Builder
	b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: random, version: 1.0.0}\nlists:\n" +
		"  - {name: some, items: [op alpha, op beta, user, tier0, lasts, \"ab\"]}\n  - {name: any_case, case: insensitive, items: [KELVIN, Op Alpha, USER, lasts]}\n" +
		"macros: [{name: same, params: [a, b], expr: a == b}]\nrules:\n")
	for i := range n {
		// What can't be compared with event.operation is refused, so that such rules are made anew until one is taken.
		var when string
		for when == "" || strings.Contains(when, "event.operation ==") || strings.Contains(when, "event.operation !=") || strings.Contains(when, "event.operation in [") ||
			strings.Contains(when, "== event.operation") || strings.Contains(when, "same(event.operation") {
			when = m.truth(m.IntN(4))
		}
		if m.IntN(3) == 0 {
			when = m.of(`event.operation == "op alpha" && `, `event.operation in ["op-alpha", "user"] && `, `event.operation.startsWith("op") && `) + when
		}
		fmt.Fprintf(&b, "  - id: r.r%d\n    title: t\n    tables: [AuditLogs]\n    severity: low\n    let: {aText: %s, aRole: event.role, aList: %s, aTruth: %s}\n    when: %s\n",
			i, yaml(strings.Replace(m.text(), "event.operation", "event.Result", 1)), yaml(strings.ReplaceAll(m.list(), "aList", "lists.some")), yaml(strings.NewReplacer("aTruth", "true", "event.operation", "event.Result").Replace(m.truth(1))), yaml(when))
	}
	return strings.NewReplacer("{aText: 'aText'", "{aText: 'event.Result'", "{aText: 'aRole.name'", "{aText: 'event.role.name'").Replace(b.String())
}

func yaml(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// value is a JSON value with words in it: plain, escaped, or as JSON in a string, once or twice.
func (m maker) value() string {
	w := m.word()
	if m.plain {
		for strings.ContainsAny(w, `"\\`) || !event.IsASCII([]byte(w)) {
			w = m.word()
		}
		return `"` + w + `"`
	}
	switch m.IntN(6) {
	case 0:
		return string(enrich.AppendString(nil, string(enrich.AppendString(nil, w))))
	case 1:
		return string(enrich.AppendString(nil, "["+string(enrich.AppendString(nil, w))+`,"[KeyIdentifier=1,KeyType=Password,KeyUsage=Verify,DisplayName=`+strings.ReplaceAll(w, "\"", "")+`]"]`))
	case 2:
		var b strings.Builder
		for _, r := range w {
			if r > 0xffff || m.IntN(2) == 0 {
				quoted := enrich.AppendString(nil, string(r))
				b.Write(quoted[1 : len(quoted)-1])
				continue
			}
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		return `"` + b.String() + `"`
	case 3:
		return m.of("null", "7", "true", "[]", "{}", `["a",1]`)
	}
	return string(enrich.AppendString(nil, w))
}

func (m maker) targets() string {
	var out []string
	for range m.IntN(3) {
		var properties []string
		for range m.IntN(3) {
			properties = append(properties, `{"displayName":`+m.of(m.value(), m.property())+`,"oldValue":`+m.value()+`,"newValue":`+m.of(m.value(), m.propertyValue())+`}`)
		}
		out = append(out, `{"id":`+m.value()+`,"displayName":`+m.value()+`,"type":`+m.of(`"User"`, `"Role"`, `"ServicePrincipal"`, m.value())+`,"modifiedProperties":[`+strings.Join(properties, ",")+`]}`)
	}
	return m.of("["+strings.Join(out, ",")+"]", "["+strings.Join(out, ",")+"]", `"oops"`, "null", m.value(), "["+m.value()+"]")
}

// property is the name of a property that a view is read from, as JSON.
func (m maker) property() string {
	return m.of(`"AppRole.Value"`, `"approle.value"`, `"AppRole.Id"`, `"DelegatedPermissionGrant.Scope"`, `"DelegatedPermissionGrant.ConsentType"`, `"ServicePrincipal.AppId"`,
		`"ServicePrincipal.ObjectID"`, `"ServicePrincipal.DisplayName"`, `"ConsentContext.IsAdminConsent"`, `"ConsentContext.OnBehalfOfAll"`, `"ConsentAction.Permissions"`,
		`"Role.TemplateId"`, `"Role.DisplayName"`, `"Role.Object\u0049D"`, `"RoleScope"`, `"TargetId.ServicePrincipalNames"`, `"MethodExecutionResult."`)
}

// propertyValue is a value that means something in a view, as JSON in a string.
func (m maker) propertyValue() string {
	if m.plain {
		return m.of(`"AllPrincipals"`, `"62e90394-69f5-4237-9190-012177145e10"`, `"user tier0"`)
	}
	return m.of(`"\"AllPrincipals\""`, `"\"Principal\""`, `"\"True\""`, `"[] => [[Id: x, ConsentType: AllPrincipals, Scope:  user tier0]]"`, `"user tier0"`,
		`"UserConsentBlockedForRiskyAppsException"`, `"\"62e90394-69f5-4237-9190-012177145e10\""`)
}

// row is a row of AuditLogs by chance. Dynamic columns come as JSON or as text.
func (m maker) row() string {
	cells := []string{`"Type":"AuditLogs"`}
	add := func(name, value string) {
		if m.IntN(8) > 0 {
			cells = append(cells, `"`+name+`":`+value)
		}
	}
	dynamic := func(value string) string {
		if m.plain || m.IntN(2) == 0 {
			return value
		}
		return string(enrich.AppendString(nil, value))
	}
	for _, name := range []string{"OperationName", "Category", "Identity", "ResultReason", "CorrelationId", "Mine_s", "Other_d"} {
		add(name, m.value())
	}
	add("Result", m.of(`"success"`, `"failure"`, m.value()))
	add("DurationMs", m.of("7", `"7"`, "0", `"x"`, m.value()))
	add("InitiatedBy", dynamic(m.of(`{"user":{"id":`+m.value()+`,"userPrincipalName":`+m.value()+`}}`, `{"app":{"displayName":`+m.value()+`}}`, `{"user":"x"}`, m.value())))
	add("TargetResources", dynamic(m.targets()))
	add("AdditionalDetails", dynamic(`[{"key":"`+m.of("k", "TemplateId", "Scope")+`","value":`+m.value()+`}]`))
	m.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	return "{" + strings.Join(cells, ",") + "}"
}

// compiled compiles one rule file.
func compiled(t testing.TB, file string) *ruleSet {
	t.Helper()
	set, err := compileSet(enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(file)}}, Settings: []byte("{context: {lists: {people: [ann@contoso.example, op alpha, x, Kelvin]}}}")})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestIndexAgrees holds that the index changes no tag, compared with evaluating every rule on every event: random rules
// of all that conditions are taken from, on random rows.
func TestIndexAgrees(t *testing.T) {
	const rules, rows = 40, 50
	var matched, keyed, told int
	for seed := range uint64((pairs(t) + rules*rows - 1) / (rules * rows)) {
		m := maker{rand.New(rand.NewPCG(seed, 7)), seed%3 == 1}
		file := m.rules(rules)
		set := compiled(t, file)
		var lines []string
		for range rows {
			lines = append(lines, m.row())
		}
		all := events(t, lines...)
		indexed, err := set.tag(context.Background(), all, false)
		if err != nil {
			t.Fatal(err)
		}
		every, err := set.tag(context.Background(), all, true)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if diff := cmp.Diff(every[i], indexed[i]); diff != "" {
				t.Fatalf("seed %d: the index changes the tags (-every +indexed):\n%s\n%s\n%s", seed, diff, lines[i], file)
			}
			matched += len(every[i])
			told += fitting(t, set, &all[i], every[i])
		}
		keyed += rules - len(set.tables["AuditLogs"].index.Always)
	}
	t.Logf("%d tags, %d of them told beforehand by candidates, %d rules with a key", matched, told, keyed)
	if matched == 0 || keyed == 0 || told == 0 {
		t.Errorf("%d tags and %d rules with a key: the test shows nothing", matched, keyed)
	}
}
