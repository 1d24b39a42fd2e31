// Package celruletest makes rule sets of any size, and puts what they look for into rows, for tests and measurements.
//
// Each rule looks for one value that nothing but a planted row has: as an equality with a column, or as a text inside of
// a dynamic column. That is what most of large rule sets are: indicators, names of accounts, addresses.
package celruletest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// Rule is one rule of a set.
type Rule struct {
	ID     string
	Table  string
	When   string
	plants []plant
}

// plant puts value into the first text that follows the marks, in their order.
type plant struct {
	marks []string
	value string
}

// shape is a kind of rule. In when, VALUE stands for what it looks for and OPERATION for an operation.
type shape struct {
	table string
	when  string
	marks []string
}

// shapes are those of rules with a condition that an index can use.
func shapes() []shape {
	return []shape{
		{"SigninLogs", `event.UserPrincipalName == "VALUE"`, []string{`"UserPrincipalName":`}},
		{"AADNonInteractiveUserSignInLogs", `event.IPAddress == "VALUE" && event.ResultType == "0"`, []string{`"IPAddress":`}},
		{"AuditLogs", `event.operation == "OPERATION" && event.TargetResources.exists(t, t.displayName == "VALUE")`, []string{`"TargetResources":`, `"displayName":`}},
		{"AADServicePrincipalSignInLogs", `event.ServicePrincipalName == "VALUE" && event.success`, []string{`"ServicePrincipalName":`}},
		{"AzureDiagnostics", `event.CallerIPAddress == "VALUE" && event.vault.present`, []string{`"CallerIPAddress":`}},
		{"SigninLogs", `event.DeviceDetail.?displayName.orValue("") == "VALUE"`, []string{`"DeviceDetail":`, `displayName`}},
		{"AADManagedIdentitySignInLogs", `event.ServicePrincipalName in ["VALUE", "VALUE-old"]`, []string{`"ServicePrincipalName":`}},
		{"AZKVAuditLogs", `event.Identity.?claim.?appid.orValue("").startsWith("VALUE")`, []string{`"Identity":`, `"appid":`}},
		{"OfficeActivity", `event.UserId == "VALUE"`, []string{`"UserId":`}},
		{"AzureActivity", `event.Caller == "VALUE" && event.success`, []string{`"Caller":`}},
	}
}

// keyless are shapes of rules without such a condition.
func keyless() []shape {
	return []shape{
		{"SigninLogs", `event.UserPrincipalName.endsWith(".VALUE")`, nil},
		{"AADNonInteractiveUserSignInLogs", `size(event.IPAddress) > 40 && event.IPAddress.endsWith(".VALUE")`, nil},
		{"AzureDiagnostics", `event.CallerIPAddress.endsWith(".VALUE") && event.vault.present`, nil},
		{"AuditLogs", `event.TargetResources.exists(t, t.id.endsWith("-VALUE"))`, nil},
	}
}

// operations are some that rows of AuditLogs have, as rules spell them.
func operations() []string {
	return []string{
		"update user", "update device", "add member to group", "remove member from group", "change user password",
		"user registered security info", "add app role assignment grant to user", "add user", "update service principal", "update application",
	}
}

// Rules returns n rules, of which keylessPerMille in a thousand have no condition that an index can use. The first
// rules of a larger set are those of a smaller one.
func Rules(n, keylessPerMille int) []Rule {
	rules := make([]Rule, n)
	for i := range rules {
		id := fmt.Sprintf("bench.r%05d", i)
		if i*keylessPerMille/1000 != (i+1)*keylessPerMille/1000 {
			s := keyless()[i%len(keyless())]
			rules[i] = Rule{ID: id, Table: s.table, When: strings.ReplaceAll(s.when, "VALUE", fmt.Sprint(i%1000))}
			continue
		}
		s := shapes()[i%len(shapes())]
		value, operation := fmt.Sprintf("canary%05d@contoso.example", i), operations()[i/len(shapes())%len(operations())]
		rules[i] = Rule{
			ID: id, Table: s.table, When: strings.NewReplacer("VALUE", value, "OPERATION", operation).Replace(s.when),
			plants: []plant{{s.marks, value}},
		}
		if strings.Contains(s.when, "OPERATION") {
			rules[i].plants = append(rules[i].plants, plant{[]string{`"OperationName":`}, operation})
		}
	}
	return rules
}

// File writes the rules as a rule file. Each has a message and an object, as rules of operators have.
func File(rules []Rule) enrich.File {
	var b bytes.Buffer
	b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: bench, version: 1.0.0}\nrules:\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "  - id: %s\n    title: A planted value\n    tables: [%s]\n    when: '%s'\n    severity: medium\n"+
			"    message: 'seen at {event.time}'\n    objects: [{type: user, value: event.actor.upn}]\n    mitre: [T1078]\n", r.ID, r.Table, r.When)
	}
	return enrich.File{Name: fmt.Sprintf("bench-%d.yaml", len(rules)), Data: b.Bytes()}
}

// Row is a row of the table in which each rule of the table can be planted.
func Row(table string) []byte {
	return []byte(`{"CallerIPAddress":"192.0.2.1","Caller":"ann","DeviceDetail":"{\"deviceId\":\"d\",\"displayName\":\"pc\"}","IPAddress":"192.0.2.2",` +
		`"Identity":{"claim":{"appid":"a"}},"OperationName":"Update user","ActivityStatusValue":"Success","ResourceProvider":"MICROSOFT.KEYVAULT","ResultType":"0",` +
		`"ServicePrincipalName":"sp","TargetResources":[{"displayName":"t","id":"i"}],"Type":"` + table + `","UserId":"u","UserPrincipalName":"ann@contoso.example"}`)
}

// Tables are those that rules are about.
func Tables() []string {
	var out []string
	for _, s := range shapes() {
		if !slices.Contains(out, s.table) {
			out = append(out, s.table)
		}
	}
	return out
}

// Plant returns a copy of a row, a JSON object, that the rule matches. It isn't ok when the row lacks the text that
// would have to be another, or the rule is one without a key.
func (r Rule) Plant(row []byte) (planted []byte, ok bool) {
	planted = row
	for _, p := range r.plants {
		if planted, ok = p.put(planted); !ok {
			return nil, false
		}
	}
	return planted, len(r.plants) > 0
}

func (p plant) put(row []byte) ([]byte, bool) {
	at := 0
	for _, mark := range p.marks {
		i := bytes.Index(row[at:], []byte(mark))
		if i < 0 {
			return nil, false
		}
		at += i + len(mark)
	}
	start := at + bytes.IndexByte(row[at:], '"') + 1
	if strings.HasSuffix(p.marks[len(p.marks)-1], ":") && start != at+1 {
		return nil, false // null, or a number
	}
	if !strings.HasSuffix(p.marks[len(p.marks)-1], ":") { // a name in JSON that may itself be text
		start += bytes.IndexByte(row[start:], '"') + 1
	}
	length := bytes.IndexAny(row[start:], `"\`)
	if length < 0 {
		return nil, false
	}
	return bytes.Join([][]byte{row[:start], []byte(p.value), row[start+length:]}, nil), true
}
