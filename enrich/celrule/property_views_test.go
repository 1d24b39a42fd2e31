package celrule

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
)

// tableMaker makes conditions and rows of a table whose views TestIndexAgrees doesn't reach.
type tableMaker struct {
	name  string
	truth func(maker) string
	row   func(maker) map[string]string // JSON by column
}

func tableMakers() []tableMaker {
	return []tableMaker{
		{"AzureDiagnostics", maker.vaultTruth, func(m maker) map[string]string {
			address := `"` + m.of("https://kv-one.vault.azure.net/secrets/x", "https://KV-TWO.vault.azure.net/keys/", "x", "https://[::1%25%6bv-two]/", "https://%E2%84%AAv-two.vault.azure.net/secrets/x") + `"`
			return map[string]string{
				"ResourceProvider": m.of(`"MICROSOFT.KEYVAULT"`, `"MICRO\u017fOFT.keyvault"`, `"MICROSOFT.SQL"`), "OperationName": m.vaultOperation(),
				"ResultSignature": m.of(`"OK"`, `"Forbidden"`, `"Unauthorized"`, m.value()), "httpStatusCode_d": m.of("200", "403", "401"),
				"id_s": address, "requestUri_s": address, "Resource": m.of(`"KV-ONE"`, `""`, m.value()), "Id": m.value(), "ResultDescription": m.value(),
				"identity_claim_oid_g": m.value(), "identity_claim_upn_s": m.value(), "identity_claim_appid_s": m.value(), "CallerIPAddress": m.value(),
				"AdditionalFields": m.of(`{"id_s":`+address+`}`, `{"identity_claim_oid_s":`+m.value()+`}`, string(enrich.AppendString(nil, `{"requestUri_s":"https://kv-two.vault.azure.net"}`))),
			}
		}},
		{"AZKVAuditLogs", maker.vaultTruth, func(m maker) map[string]string {
			return map[string]string{
				"OperationName": m.vaultOperation(), "ResultSignature": m.of(`"OK"`, `"Forbidden"`, m.value()), "HttpStatusCode": m.of("200", "403"),
				"Id": m.of(`"https://kv-two.vault.azure.net/secrets/x"`, `"https://%E2%84%AAv-two.vault.azure.net/secrets/x"`, m.value()), "_ResourceId": m.of(`"/subscriptions/s/vaults/kv-one"`, m.value()),
				"Identity": m.of(`{"claim":{"oid":`+m.value()+`,"upn":`+m.value()+`}}`, m.value()), "CallerIpAddress": m.value(),
			}
		}},
		{"AzureActivity", maker.activityTruth, func(m maker) map[string]string {
			request := `{"Properties":{"RoleDefinitionId":` + m.of(`"/x/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635"`, m.value()) + `,"principalId":` + m.value() + `,"principalType":` + m.of(`"User"`, `"serviceprincipal"`, m.value()) + `,"scope":` + m.value() + `}}`
			for range m.IntN(3) {
				request = string(enrich.AppendString(nil, request))
			}
			properties := `{"requestbody":` + request + `}`
			for range m.IntN(3) {
				properties = strings.ReplaceAll(string(enrich.AppendString(nil, properties)), "8E3AF", `\u0038E3AF`)
			}
			return map[string]string{
				"OperationNameValue": m.of(`"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE"`, `"Microsoft.Authorization/roleAssignments/delete"`, m.value()),
				"OperationName":      m.value(), "Properties": properties, "Authorization": m.of(`{"scope":`+m.value()+`}`, m.value()), "Caller": m.value(),
				"Claims": m.of(`{"appid":`+m.value()+`,"name":`+m.value()+`}`, m.value()), "ActivityStatusValue": m.of(`"Success"`, `"Failure"`), "ActivitySubstatusValue": m.value(),
			}
		}},
		{"OfficeActivity", maker.actorTruth, func(m maker) map[string]string {
			return map[string]string{
				"Operation": m.value(), "UserId": m.value(), "UserKey": m.value(), "AppId": m.value(), "ClientAppId": m.value(), "ClientIP": m.value(),
				"ActorIpAddress": m.value(), "ResultReasonType": m.value(), "ResultStatus": m.of(`"Succeeded"`, `"Failed"`),
			}
		}},
		{"SigninLogs", maker.actorTruth, func(m maker) map[string]string {
			return map[string]string{
				"UserId": m.value(), "UserDisplayName": m.value(), "UserPrincipalName": m.value(), "AppId": m.value(),
				"IPAddress": m.of(`"::ffff:fe80-word"`, m.value()), "ResultType": m.of(`"0"`, `"50126"`), "ResultDescription": m.value(),
			}
		}},
	}
}

func (m maker) vaultOperation() string {
	return m.of(`"SecretGet"`, `"SecretPurge"`, `"KeyBackup"`, `"VaultPut"`, `"Authentication"`, `"secretlist"`, m.value())
}

// compared is text compared with a word.
func (m maker) compared(text string) string {
	switch m.IntN(5) {
	case 0:
		return text + ` in ` + m.of(m.words(), "lists.some", "lists.any_case", `context.list("people")`)
	case 1:
		return text + m.of(".contains(", ".startsWith(", ".endsWith(") + m.quoted() + ")"
	case 2:
		return text + ".matches(" + m.pattern() + ")"
	case 3:
		return text + ".lower() == " + m.quoted()
	}
	return text + m.of(" == ", " == ", " != ") + m.quoted()
}

func (m maker) actorTruth() string {
	return m.compared(m.of("event.actor.id", "event.actor.name", "event.actor.upn", "event.actor.app_id", "event.actor.ip", "event.reason", "event.actor.label"))
}

func (m maker) vaultTruth() string {
	switch m.IntN(7) {
	case 0:
		return `event.vault.class in ` + m.of(`["read", "list"]`, `["other", "acl"]`, "lists.classes")
	case 1:
		return `event.vault.class ` + m.of("==", "!=") + m.of(` "read"`, ` "delete"`, ` "other"`, ` "auth"`)
	case 2:
		return m.of("event.vault.failed", "event.vault.present", "event.vault.status == 403", "v.failed", `v.class == "acl"`)
	case 3:
		return m.of("event.vault.name", "v.name") + m.of(" == ", " != ") + m.of(`"kv-one"`, `"kv-two"`, `""`, `"::1%kv-two"`)
	case 4:
		return m.of("event.vault.object", "v.object") + m.of(`.contains("secrets")`, `.startsWith("https://kv-one")`, ` != ""`)
	case 5:
		return m.compared("event.vault.signature")
	}
	return m.of(m.actorTruth(), `event.operation.endsWith("purge")`, `event.operation.matches("^key|backup$")`)
}

func (m maker) activityTruth() string {
	switch m.IntN(3) {
	case 0:
		return m.of("event.role.present", `event.role.id == "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"`, `event.role.principal_type == "ServicePrincipal"`, `event.role.principal_type != ""`)
	case 1:
		return m.compared(m.of("event.role.scope", "event.role.principal_id", "event.role.name"))
	}
	return m.actorTruth()
}

// TestIndexAgreesOnViews is TestIndexAgrees for the views of the other tables.
func TestIndexAgreesOnViews(t *testing.T) {
	const rules, rows = 40, 50
	for _, table := range tableMakers() {
		matched, keyed := 0, 0
		for seed := range uint64((pairs(t)/4 + rules*rows - 1) / (rules * rows)) {
			m := maker{rand.New(rand.NewPCG(seed, 11)), seed%3 == 1}
			file := table.rules(m, rules)
			set := compiled(t, file)
			var lines []string
			for range rows {
				lines = append(lines, table.line(m))
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
					t.Fatalf("%s, seed %d: the index changes the tags (-every +indexed):\n%s\n%s\n%s", table.name, seed, diff, lines[i], file)
				}
				matched += len(every[i])
				fitting(t, set, &all[i], every[i])
			}
			keyed += rules - len(set.tables[table.name].index.Always)
		}
		if matched == 0 || keyed == 0 {
			t.Errorf("%s: %d tags and %d rules with a key: the test shows nothing", table.name, matched, keyed)
		}
	}
}

func (x tableMaker) rules(m maker, n int) string {
	var b strings.Builder
	b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: random, version: 1.0.0}\nlists:\n" +
		"  - {name: some, items: [op alpha, user, tier0, lasts, \"ab\"]}\n  - {name: any_case, case: insensitive, items: [KELVIN, Op Alpha, USER, lasts]}\n" +
		"  - {name: classes, items: [read, acl]}\nrules:\n")
	let := ""
	if strings.HasPrefix(x.name, "AZ") || x.name == "AzureDiagnostics" {
		let = ", let: {v: event.vault}"
	}
	for i := range n {
		when := x.truth(m)
		for range m.IntN(3) {
			when = m.of("(", "!(") + when + ")" + m.of(" && ", " || ") + x.truth(m)
		}
		fmt.Fprintf(&b, "  - {id: r.r%d, title: t, tables: [%s], severity: low, when: %s%s}\n", i, x.name, yaml(when), let)
	}
	return b.String()
}

func (x tableMaker) line(m maker) string {
	cells := []string{`"Type":"` + x.name + `"`}
	row := x.row(m)
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if m.IntN(8) > 0 {
			cells = append(cells, `"`+name+`":`+row[name])
		}
	}
	return "{" + strings.Join(cells, ",") + "}"
}
