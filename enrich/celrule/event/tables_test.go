package event

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// asked is something that rules can ask an event for, with what the table's literal says of it.
type asked struct {
	name    string
	columns []string // all that decide about it
	source  Source
	whole   bool // a view, of which every column must matter
	get     func(*Frame) ref.Val
}

// askedOf is what rules can ask of a table: the fields of event that aren't columns, and those of its views.
func askedOf(t *Table, v *ViewTypes) (all []asked) {
	for _, name := range []string{"operation", "success", "failed", "reason", "correlation_id"} {
		f, has := t.Type.Fields[name]
		if !has {
			continue
		}
		a := asked{name: name, columns: f.Columns, whole: true, get: func(e *Frame) ref.Val { return f.Get(e) }}
		if a.source.Texts = t.Sources(name); name == "success" && t.special.done.read == nil {
			continue
		}
		all = append(all, a)
	}
	who := t.Type.Fields["actor"].Columns
	all = append(all, asked{name: "actor", columns: who, whole: true, get: func(e *Frame) ref.Val {
		return celval.NewTexts([]string{fmt.Sprintf("%+v", *e.actor())})
	}})
	for _, field := range []string{"id", "name", "upn", "app_id", "via", "ip"} {
		all = append(all, asked{name: "actor." + field, source: Source{Texts: t.ActorSources()}, get: func(e *Frame) ref.Val {
			return v.actor.Fields[field].Get(e.actor())
		}})
	}
	for _, view := range t.special.views {
		typ := v.named(view.name)
		for _, field := range typ.Order {
			source, known := view.fields[field]
			if !known {
				source.Others = []string{"nothing is said of " + view.name + "." + field}
			}
			all = append(all, asked{
				name: view.name + "." + field, columns: slices.Concat(source.Texts, source.Others), source: source,
				get: func(e *Frame) ref.Val { return typ.Fields[field].Get(view.read(e)) },
			})
		}
		all = append(all, asked{name: view.name, columns: t.Type.Fields[view.name].Columns, whole: true, get: func(e *Frame) ref.Val {
			var values []string
			for _, field := range typ.Order {
				values = append(values, celval.Display(typ.Fields[field].Get(view.read(e))))
			}
			return celval.NewTexts(values)
		}})
	}
	return all
}

// TestSources holds, on random rows, that the literals of tables.go are complete and say no more than is true: what rules see
// is the same on a row that was cut down to the columns that are stated; each column that is stated for a view changes what
// rules see in some row, so that one that is missing would be noticed; texts stand in the columns that they are copied from;
// and what needs a word or an operation isn't there without.
func TestSources(t *testing.T) {
	v := NewViewTypes()
	for _, known := range schema.Tables() {
		table, _ := NewTable(known.Name, v)
		all, matters, rows := askedOf(table, v), map[string]bool{}, uint64(800)
		if table.special.done.read == nil {
			rows = 20 // nothing is special about the table
		}
		for seed := range rows {
			row := randomRow(rand.New(rand.NewPCG(seed, 5)), known)
			whole, cut := NewFrame(table), NewFrame(table)
			look := func(f *Frame, columns []string) *Frame {
				_, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(written(known.Name, row, columns)))
				if err != nil {
					t.Fatal(err)
				}
				e := enrich.NewEvent(known.Name, parsed)
				f.Reset(&e)
				return f
			}
			look(whole, nil)
			for _, a := range all {
				want := textsIn(a.get(whole))
				holdsSource(t, a, row, want)
				if a.columns != nil && !slices.Equal(want, textsIn(a.get(look(cut, a.columns)))) {
					t.Fatalf("%s: %s reads more than %v of\n%v", known.Name, a.name, a.columns, row)
				}
				for i, column := range a.columns {
					if key := a.name + " never depends on " + column; a.whole && !matters[key] {
						others := slices.Delete(slices.Clone(a.columns), i, i+1)
						matters[key] = !slices.Equal(want, textsIn(a.get(look(cut, others))))
					}
				}
			}
		}
		for what, does := range matters {
			if !does {
				t.Errorf("%s: %s", known.Name, what)
			}
		}
	}
}

// holdsSource checks what a source says of the texts that rules see.
func holdsSource(t *testing.T, a asked, row map[string]string, texts []string) {
	t.Helper()
	in := func(columns []string, text string) bool {
		return slices.ContainsFunc(columns, func(c string) bool {
			return strings.Contains(strings.ToLower(strings.ReplaceAll(row[c], `\`, "")), strings.ToLower(text))
		})
	}
	there := slices.ContainsFunc(texts, func(s string) bool { return s != "" && s != "false" && s != "0" })
	if !there {
		return
	}
	for _, text := range texts {
		if a.source.Texts != nil && text != "" && !in(a.source.Texts, text) {
			t.Fatalf("%s: %q stands in none of %v\n%v", a.name, text, a.source.Texts, row)
		}
	}
	if a.source.Words == nil && a.source.Operation == "" {
		return
	}
	words := slices.ContainsFunc(a.source.Words, func(w string) bool { return in(a.source.In, w) })
	operation := a.source.Operation != "" && (strings.Contains(Fold(row["OperationName"]), a.source.Operation) || strings.Contains(Fold(row["OperationNameValue"]), a.source.Operation))
	if !words && !operation {
		t.Fatalf("%s is %q without any of %v and without the operation %q\n%v", a.name, texts, a.source.Words, a.source.Operation, row)
	}
}

// written is a row as JSON, with the given columns alone; with all for nil.
func written(table string, row map[string]string, columns []string) string {
	cells := []string{`"Type":"` + table + `"`}
	for column, value := range row {
		if columns == nil || slices.Contains(columns, column) {
			cells = append(cells, `"`+column+`":`+value)
		}
	}
	return "{" + strings.Join(cells, ",") + "}"
}

// textsIn are the texts of what rules see.
func textsIn(v ref.Val) (out []string) {
	if l, ok := v.(*celval.List); ok {
		for _, item := range l.Items {
			out = append(out, celval.Text(item))
		}
		return out
	}
	return []string{celval.Text(v)}
}

// randomRow is a row in which some columns have a value, in some rows most, in some only a few.
func randomRow(r *rand.Rand, known schema.Table) map[string]string {
	of := func(all ...string) string { return all[r.IntN(len(all))] }
	quoted := func(s string) string { return string(enrich.AppendString(nil, s)) }
	row, few := map[string]string{}, 1+r.IntN(8)
	for _, c := range known.Columns {
		if c.Name == "Type" || r.IntN(few+1) != 0 {
			continue
		}
		word := of("word", "other") + strings.ToLower(c.Name)
		switch value, ok := tellingValue(of, r, c.Name); {
		case ok && (c.Type == enrich.Dynamic || value == "true"):
			row[c.Name] = value
		case ok:
			row[c.Name] = quoted(value)
		case c.Type == enrich.Dynamic:
			row[c.Name] = `{"x":"` + word + `"}`
		case c.Type == enrich.String || c.Type == enrich.GUID:
			row[c.Name] = quoted(word)
		}
	}
	return row
}

// tellingValue is a value that views make something of.
func tellingValue(of func(...string) string, r *rand.Rand, column string) (string, bool) {
	role, claims := of(guid, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"), `{"oid":"o1","upn":"`+of("claimed@contoso.example", "")+`","appid":"a1","ipaddr":"192.0.2.9"}`
	request := `{"statusCode":"` + of("Created", "Accepted", "Conflict") + `","requestbody":"{\"properties\":{\"roleDefinitionId\":\"/x/` + role + `\",\"principalId\":\"p-` + strings.ToLower(column) + `\",\"principalType\":\"User\",\"requestType\":\"AdminAssign\",\"scope\":\"` + of("", "/sub-"+strings.ToLower(column)) + `\"}}"}`
	switch {
	case column == "OperationName":
		return of("Add member to role", "Consent", "SecretGet", "VaultDelete", "Microsoft.Authorization/roleAssignments/write"), true
	case column == "OperationNameValue":
		return of("MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE", "Microsoft.Authorization/roleEligibilityScheduleRequests/write", "Microsoft.Compute/x"), true
	case column == "ActivityStatusValue" || column == "ActivityStatus":
		return of("success", "Succeeded", "failure", "end", "end"), true
	case column == "Result" || column == "ResultStatus":
		return of("success", "Succeeded", "failure", ""), true
	case column == "ActivitySubstatusValue" || column == "ActivitySubstatus":
		return of("Created", "Forbidden", ""), true
	case column == "ResultType":
		return of("0", "Success", "failed", "50126"), true
	case column == "ResultSignature":
		return of("OK", "Forbidden"), true
	case column == "ResultReason" || column == "ResultDescription":
		return of("UserConsentBlockedForRiskyAppsException", "some reason"), true
	case column == "InitiatedBy":
		return of(`{"user":{"id":"u1","userPrincipalName":"ann@contoso.example","displayName":"Ann","ipAddress":"192.0.2.1"}}`, `{"app":{"servicePrincipalId":"s1","displayName":"App","appId":"a1"}}`), true
	case column == TargetsColumn:
		return randomTargets(of, r), true
	case column == DetailsColumn:
		return `[{"key":"` + of("TemplateId", "RoleDefinitionOriginId", "Scope", "x") + `","value":"` + role + `"}]`, true
	case column == "Properties" || column == "Properties_d":
		return request, true
	case column == "Authorization" || column == "Authorization_d":
		return `{"scope":"/auth-` + strings.ToLower(column) + `"}`, true
	case column == "Claims" || column == "Claims_d":
		return claims, true
	case column == "Identity":
		return `{"claim":` + claims + `}`, true
	case column == "Caller" || column == "UserId":
		return of("ann@contoso.example", guid, "somebody", "ServicePrincipal_1"), true
	case column == providerColumn:
		return of("MICROSOFT.KEYVAULT", "Microsoft.KeyVault", "MICROSOFT.WEB"), true
	case column == "id_s" || column == "Id" || column == "requestUri_s" || column == "RequestUri":
		return "https://kv-" + strings.ReplaceAll(strings.ToLower(column), "_", "-") + ".vault.azure.net/secrets/x", true
	case column == "_ResourceId":
		return "/subscriptions/x/vaults/kv-path", true
	case column == "httpStatusCode_d" || column == "HttpStatusCode":
		return of("200", "403"), true
	case column == overflowColumn:
		return `{"` + of("id_s", "requestUri_s") + `":"https://kv-rare.vault.azure.net/x","httpStatusCode_d":"` + of("200", "401") + `","identity_claim_upn_s":"rare@contoso.example"}`, true
	case strings.HasSuffix(column, "idtyp_s"):
		return of("app", "user"), true
	}
	return "", false
}

// randomTargets is a TargetResources whose changes are those that the views look at.
func randomTargets(of func(...string) string, r *rand.Rand) string {
	var targets []string
	for i := range 1 + r.IntN(2) {
		var changes []string
		for range r.IntN(5) {
			name := of(roleValue, roleID, scopeValue, "DelegatedPermissionGrant.ConsentType", "ServicePrincipal.ObjectID", "ServicePrincipal.AppId",
				"ServicePrincipal.DisplayName", "TargetId.ServicePrincipalNames", "ConsentContext.IsAdminConsent", "ConsentContext.OnBehalfOfAll",
				"ConsentAction.Permissions", "MethodExecutionResult.", "Role.TemplateId", "Role.DisplayName", "Role.ObjectID", "RoleScope", "Unknown")
			value := func() string {
				return of(guid, "true", "AllPrincipals", "mail.read user.read", "t0", "named", "UserConsentBlockedForRiskyAppsException",
					"[] => [[Id: AbC, PrincipalId: p, ConsentType: AllPrincipals, Scope:  Files.Read]]")
			}
			changes = append(changes, fmt.Sprintf(`{"displayName":%q,"oldValue":%q,"newValue":%q}`, name, of("", value()), value()))
		}
		targets = append(targets, fmt.Sprintf(`{"id":"t%d","displayName":"target %d","type":%q,"modifiedProperties":[%s]}`,
			i, i, of("User", "ServicePrincipal", "Role"), strings.Join(changes, ",")))
	}
	return "[" + strings.Join(targets, ",") + "]"
}
