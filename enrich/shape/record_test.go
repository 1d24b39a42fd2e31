package shape_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// event is the event of a row as the workspace has it.
func event(t testing.TB, line string) enrich.Event {
	t.Helper()
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(line))
	if err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return enrich.NewEvent(table, row)
}

func record(t testing.TB, e *enrich.Event) string {
	t.Helper()
	members, ok := new(shape.Writer).AppendMembers([]byte("{"), e)
	if !ok {
		t.Fatalf("%s has no record", e.Table)
	}
	return string(members) + "}"
}

// full is a row of a table in which each column has a value of its type, as the service sends it.
func full(table *schema.Table) string {
	var cells []string
	for i, c := range table.Columns {
		value := fmt.Sprintf(`"%s %d é\" \u00e9 "`, c.Name, i)
		switch {
		case c.Name == "Type":
			value = `"` + table.Name + `"`
		case c.JSON:
			value = fmt.Sprintf(`"[{\"key\":\"%s\",\"value\":\"\\\"x\\\" \\u00e9\",\"n\":%d.50}]"`, c.Name, i)
		case c.Type == enrich.Dynamic:
			value = fmt.Sprintf(`{"key":"%s","newValue":"[\"x \"]","n":[1,null,%d]}`, c.Name, i)
		case c.Type == enrich.Datetime:
			value = `"2026-09-08T23:10:00.1234567Z"`
		case c.Type == enrich.Bool:
			value = "true"
		case c.Type == enrich.Int || c.Type == enrich.Long || c.Type == enrich.Real:
			value = fmt.Sprint(i)
		}
		switch c.Name {
		case "Level", "ProcessingTimeInMilliseconds", "ProcessingTimeInMs", "AutonomousSystemNumber":
			value = fmt.Sprintf(`"%d"`, i)
		case "Category":
			value = usualCategory(table.Name, value)
		case "CategoryValue":
			value = `"Policy"`
		case "ResourceId", "_ResourceId":
			value = `"/SUBSCRIPTIONS/x/providers/Microsoft.KeyVault/vaults/kv"`
		}
		cells = append(cells, fmt.Sprintf(`"%s":%s`, c.Name, value))
	}
	return "{" + strings.Join(append(cells, `"Brand_New":"unknown"`, `"IPNew":{"a":1}`, `"small":"x"`), ",") + "}"
}

// usualCategory is what rows of sign-in tables have as Category, which is the record's category, too.
func usualCategory(table, other string) string {
	if table == "AuditLogs" {
		return other
	}
	for _, n := range []string{"SignInLogs", "ProvisioningLogs"} {
		if at := strings.Index(strings.ToLower(n), strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(table, "AAD"), "Microsoft"))); at >= 0 {
			return `"` + n + `"`
		}
	}
	switch table {
	case "AADGraphActivityLogs":
		return `"AzureADGraphActivityLogs"`
	case "SigninLogs":
		return `"SignInLogs"`
	}
	return `"` + strings.Replace(strings.TrimPrefix(table, "AAD"), "SigninLogs", "SignInLogs", 1) + `"`
}

// cells are the row's columns as texts.
func cells(e *enrich.Event) map[string]string {
	all := map[string]string{}
	for i := range e.Columns().Len() {
		if cell := e.Cell(i); cell != nil {
			all[e.Columns().Name(i)] = string(e.JSON(i))
		}
	}
	return all
}

// again is the event that is read of a record.
func again(t testing.TB, text string) enrich.Event {
	t.Helper()
	table, _, row, err := shape.NewObjects(shape.Records).Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return enrich.NewEvent(table, row)
}

// TestRecordsCarryTheirColumns makes a record of a full row of each table and a row of that record: what the record carries is the
// same, and what it doesn't is not there.
func TestRecordsCarryTheirColumns(t *testing.T) {
	for _, name := range shape.Tables() {
		table, _ := schema.Lookup(name)
		before := event(t, full(&table))
		text := record(t, &before)
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s: no JSON: %s", name, text)
		}
		after := again(t, text)
		if after.Table != name {
			t.Errorf("%s became %s", name, after.Table)
		}
		was, is := cells(&before), cells(&after)
		for column, value := range was {
			if known, isKnown := table.Column(column); isKnown && !shape.Carried(name, known.Name) {
				continue
			}
			if is[column] != value {
				t.Errorf("%s.%s was %s, became %s in %s", name, column, value, is[column], text)
			}
		}
		for column, value := range is {
			if was[column] == "" || value != was[column] {
				t.Errorf("%s.%s became %s of %s", name, column, value, was[column])
			}
		}
	}
}

func TestRecordIsSpelledAsTheServiceSpellsIt(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{
			`{"Type":"AuditLogs","TenantId":"w","TimeGenerated":"2026-09-08T23:10:00.1234567Z","OperationName":"Update application – Certificates and secrets management ","Category":"ApplicationManagement",` +
				`"AADTenantId":"t","Level":"4","DurationMs":0,"CorrelationId":"c","Id":"Directory_1","AADOperationType":"Update","ResultSignature":"None","InitiatedBy":"{\"user\": {\"ipAddress\": \"198.51.100.7\"}}",` +
				`"TargetResources":"[{\"modifiedProperties\": [{\"newValue\": \"[\\\"x \\\"]\"}]}]"}`,
			`{"time":"2026-09-08T23:10:00.1234567Z","operationName":"Update application – Certificates and secrets management ","category":"AuditLogs","tenantId":"t","resultSignature":"None","durationMs":0,` +
				`"callerIpAddress":"198.51.100.7","correlationId":"c","Level":4,"properties":{"id":"Directory_1","correlationId":"c","category":"ApplicationManagement","operationType":"Update",` +
				`"initiatedBy":{"user": {"ipAddress": "198.51.100.7"}},"targetResources":[{"modifiedProperties": [{"newValue": "[\"x \"]"}]}]}}`,
		},
		{
			`{"Type":"AADNonInteractiveUserSignInLogs","Category":"NonInteractiveUserSignInLogs","IPAddress":"203.0.113.9","Status":"{\"errorCode\":0}","LocationDetails":"{\"city\":\"A\"}","Location":"DK","ResourceIdentity":"r",` +
				`"ProcessingTimeInMs":"130","AutonomousSystemNumber":"","RiskEventTypes_V2":"[]","ConditionalAccessPolicies":"[]"}`,
			`{"category":"NonInteractiveUserSignInLogs","callerIpAddress":"203.0.113.9","location":"DK","properties":{"resourceId":"r","location":{"city":"A"},"processingTimeInMilliseconds":130,"autonomousSystemNumber":"",` +
				`"riskEventTypes_v2":[],"appliedConditionalAccessPolicies":[],"ipAddress":"203.0.113.9","status":{"errorCode":0}}}`,
		},
		{`{"Type":"AADUserRiskEvents","AdditionalInfo":[{"Key":"userAgent"}],"RiskLevel":"high"}`, `{"category":"UserRiskEvents","properties":{"additionalInfo":"[{\"Key\":\"userAgent\"}]","riskLevel":"high"}}`},
		{`{"Type":"SigninLogs","Category":"elsewhere","late":true,"event_id":"x","New":null}`, `{"category":"SignInLogs","properties":{"new":null},"late":true,"event_id_column":"x"}`},
		{`{"Type":"AzureActivity","CategoryValue":"Policy","_ResourceId":"/subscriptions/s","Authorization":"{}","Properties":"{\"a\":\"b\"}"}`, `{"resourceId":"/subscriptions/s","category":"Policy","identity":{"authorization":{}},"properties":{"a":"b"}}`},
	} {
		e := event(t, c.row)
		if got := record(t, &e); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestTablesWithoutRecords(t *testing.T) {
	for _, table := range []string{"OfficeActivity", "AzureDiagnostics", "GraphApplications", "RiskFollowUp", "Mine_CL", ""} {
		e := event(t, `{"Type":"`+table+`","a":1}`)
		if out, ok := new(shape.Writer).AppendMembers([]byte("x"), &e); ok || string(out) != "x" {
			t.Errorf("%s: %s, %t", table, out, ok)
		}
		if s, ok := shape.Sourcetype(table); ok {
			t.Errorf("%s has the source type %s", table, s)
		}
	}
	if s, ok := shape.Sourcetype("AuditLogs_RST"); !ok || s != "azure:monitor:aad" {
		t.Errorf("a restored table has %q, %t", s, ok)
	}
}

func TestReadRecords(t *testing.T) {
	for _, c := range []struct{ name, record, table, want string }{
		{
			"what riskrelay added goes", `{"event_id":"0123456789abcdef0123456789abcdef","risk":{"level":"high"},"time":"t","category":"SignInLogs","level":4,"properties":{"id":"i","status":{"errorCode":0}}}`,
			"SigninLogs", `{"TimeGenerated":"t","Category":"SignInLogs","Level":"4","Id":"i","Status":{"errorCode":0}}`,
		},
		{"numbers and objects become text", `{"category":"NonInteractiveUserSignInLogs","properties":{"autonomousSystemNumber":55836,"status":{"errorCode":0},"deviceDetail":null}}`, "AADNonInteractiveUserSignInLogs", `{"Category":"NonInteractiveUserSignInLogs","AutonomousSystemNumber":"55836","DeviceDetail":null,"Status":"{\"errorCode\":0}"}`},
		{"the last of a name counts", `{"category":"AuditLogs","time":"a","time":"b","properties":{"result":"x","result":"y"}}`, "AuditLogs", `{"TimeGenerated":"b","Result":"y"}`},
		{"unknown members stay", `{"category":"AuditLogs","releaseVersion":"6","properties":{"performedBy":"p","sourceSystem":"s"}}`, "AuditLogs", `{"releaseVersion":"6","PerformedBy":"p","properties_sourceSystem":"s"}`},
		{
			"who called", `{"time":"t","resourceId":"/SUBSCRIPTIONS/S","category":"Administrative","identity":{"authorization":{"scope":"/s"},"claims":{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":"","http://schemas.microsoft.com/identity/claims/objectidentifier":"o"}},"properties":{"a":{"b":1}}}`,
			"AzureActivity", `{"TimeGenerated":"t","ResourceId":"/SUBSCRIPTIONS/S","CategoryValue":"Administrative","Authorization":"{\"scope\":\"/s\"}","Claims":"{\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\":\"\",\"http://schemas.microsoft.com/identity/claims/objectidentifier\":\"o\"}","Properties":"{\"a\":{\"b\":1}}","Caller":"o"}`,
		},
		{"key vault", `{"time":"t","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/K","category":"AuditEvent","durationMs":"27","identity":{"claim":{"oid":"o"}},"properties":{"id":"https://k","httpStatusCode":200}}`, "AZKVAuditLogs", `{"TimeGenerated":"t","_ResourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/K","DurationMs":"27","Identity":{"claim":{"oid":"o"}},"Id":"https://k","HttpStatusCode":200}`},
		{"properties that are no object", `{"category":"AuditLogs","properties":"x"}`, "AuditLogs", `{"properties":"x"}`},
	} {
		table, id, row, err := shape.NewObjects(shape.Records).Parse([]byte(c.record))
		if got := "{" + string(row.AppendFields(nil)) + "}"; err != nil || table != c.table || got != c.want {
			t.Errorf("%s: %s %s, %v\nwant %s %s", c.name, table, got, err, c.table, c.want)
		}
		if strings.Contains(c.record, "event_id") != (id != "") {
			t.Errorf("%s: id %q", c.name, id)
		}
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"category":1}`, `{"category":"Nothing"}`, `{"category":"AuditEvent","resourceId":"/subscriptions/s/providers/microsoft.storage/x"}`, `{"category":"AuditLogs"`, `{"category":"AuditLogs"}x`, `{"category" "AuditLogs"}`, `{category:1}`} {
		if _, _, _, err := shape.NewObjects(shape.Records).Parse([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestSameNamesOtherTable holds that what is remembered of names isn't used for a record of another table or of another size.
func TestSameNamesOtherTable(t *testing.T) {
	p := shape.NewObjects(shape.Records)
	for range 2 {
		for _, c := range []struct{ category, table, column string }{{"AuditLogs", "AuditLogs", "AADOperationType"}, {"RiskyUsers", "AADRiskyUsers", "OperationType"}} {
			table, _, row, err := p.Parse([]byte(`{"category":"` + c.category + `","properties":{"operationType":"x"}}`))
			if err != nil || table != c.table || row.Text(c.column) != "x" {
				t.Errorf("%s: %s, %v, %s", c.category, table, err, row.AppendFields(nil))
			}
		}
	}
}

// FuzzRecord holds that what is read of any record, written and read again is the same, and that nothing else happens.
func FuzzRecord(f *testing.F) {
	for _, name := range shape.Tables() {
		table, _ := schema.Lookup(name)
		e := event(f, full(&table))
		f.Add(record(f, &e))
	}
	f.Add(`{"category":"AuditLogs","properties":{"":1,"a":{"b":[]},"A":2,"properties_a":3},"":4,"properties_":5,"x":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		table, _, row, err := shape.NewObjects(shape.Records).Parse([]byte(text))
		if err != nil {
			return
		}
		e := enrich.NewEvent(table, row)
		out := record(t, &e)
		if !json.Valid([]byte(out)) || strings.ContainsAny(out, "\n\r") {
			t.Fatalf("%q became %q", text, out)
		}
		after := again(t, out)
		for column, value := range cells(&e) {
			if known, isKnown := schema.Lookup(table); isKnown && slices.ContainsFunc(known.Columns, func(c schema.Column) bool { return c.Name == column }) && shape.Carried(table, column) && column != "Category" && column != "CategoryValue" {
				if got := cells(&after)[column]; compact(got) != compact(value) {
					t.Fatalf("%s.%s of %q was %s, became %s in %s", table, column, text, value, got, out)
				}
			}
		}
	})
}

// compact leaves out what JSON doesn't need: white space, the way in which a letter is escaped, repeated members.
func compact(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	if s, isText := v.(string); isText {
		return "text " + compact(s)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return string(out)
}
