package celrule_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// hours is a context in which nobody works but on Mondays in the morning.
const hours = `{"context": {"business_hours": {"zone": "UTC", "days": ["mon"], "from": "08:00", "to": "12:00"}}}`

// holds reports whether a condition holds on a row of the table, and what the rule's failure is.
func holds(t *testing.T, table, when, cells string) (match bool, failure string) {
	t.Helper()
	m := configured(t, hours, pack(fmt.Sprintf("rules: [{id: a.b, title: t, tables: [%s], severity: low, when: '%s'}]\n", table, when)))
	for _, tag := range tag(t, m, `{"Type":"`+table+`"`+cells+`}`)[0] {
		match, failure = match || tag.Error == "", failure+tag.Error
	}
	return match, failure
}

// TestUnknownTimes holds that no condition on a time that can't be read holds, and none on its opposite.
func TestUnknownTimes(t *testing.T) {
	conditions := []string{
		`context.outside_hours(TIME)`, `!context.outside_hours(TIME)`, `TIME < now`, `!(TIME < now)`, `TIME > timestamp("2026-01-01T00:00:00Z")`,
		`TIME.getHours() < 6`, `TIME.getHours() >= 6`, `TIME.getFullYear() == 1`, `now - TIME > duration("1h")`, `TIME != timestamp("2026-01-01T00:00:00Z")`,
	}
	for _, cell := range []string{`"yesterday"`, `"None"`, `null`, `""`, `"9/8/2026 10:10:00"`, `"0001-01-01T00:00:00Z"`, `true`, `{"a":1}`, `[1]`, `12`, `-5`} {
		for _, c := range conditions {
			for _, of := range []string{"event.time", "event.TimeGenerated"} {
				if match, failure := holds(t, "AuditLogs", strings.ReplaceAll(c, "TIME", of), `,"TimeGenerated":`+cell); match || failure != "" {
					t.Errorf("%s of %s: %v %s", strings.ReplaceAll(c, "TIME", of), cell, match, failure)
				}
			}
			for _, column := range []string{"ActivityDateTime", "TimeGenerated"} {
				if match, failure := holds(t, "AuditLogs", strings.ReplaceAll(c, "TIME", "event."+column), ""); match || failure != "" {
					t.Errorf("%s where there is no %s: %v %s", c, column, match, failure)
				}
			}
		}
		if match, _ := holds(t, "AuditLogs", `event.Result == "success" || context.outside_hours(event.time)`, `,"Result":"success","TimeGenerated":`+cell); !match {
			t.Errorf("%s: what doesn't depend on the time isn't said", cell)
		}
	}
	for _, text := range []string{"2026-09-08T10:10:00Z", "2026-09-08 10:10:00", "9/8/2026, 10:10:00 AM", "1788862200"} {
		if match, failure := holds(t, "AuditLogs", `timestamp(event.Identity).getHours() == 10`, `,"Identity":"`+text+`"`); !match {
			t.Errorf("timestamp(%q): %s", text, failure)
		}
	}
	if match, failure := holds(t, "AuditLogs", `timestamp(event.Identity).getHours() != 10`, `,"Identity":"soon"`); match || !strings.Contains(failure, "invalid RFC 3339 timestamp") {
		t.Errorf("timestamp of no time: %v %q", match, failure)
	}
	if match, _ := holds(t, "AuditLogs", `context.outside_hours(event.time) && event.TimeGenerated == event.time`, `,"TimeGenerated":"9/8/2026, 1:10:00 AM"`); !match {
		t.Error("a time that can be read isn't")
	}
}

// TestWrongTypes holds that a cell of another type than its column's is read where nobody can misunderstand it; otherwise no condition on
// it holds and none on its opposite, while the rest of the row is judged.
func TestWrongTypes(t *testing.T) {
	for _, c := range []struct {
		table, column, cell string
		holds, silent       []string
	}{
		{"AZKVAuditLogs", "HttpStatusCode", `"200"`, []string{`X == 200`}, []string{`X != 200`}},
		{"AZKVAuditLogs", "HttpStatusCode", `200.0`, []string{`X == 200`}, nil},
		{"AZKVAuditLogs", "HttpStatusCode", `"None"`, []string{`X == 0`}, []string{`X > 0`, `has(X)`}},
		{"AZKVAuditLogs", "HttpStatusCode", `null`, []string{`X == 0`}, []string{`has(X)`}},
		{"AZKVAuditLogs", "HttpStatusCode", `"OK"`, nil, []string{`X == 0`, `X != 0`, `X != 200`, `!(X == 200)`}},
		{"AZKVAuditLogs", "HttpStatusCode", `{"a":1}`, nil, []string{`X == 0`, `X != 200`}},
		{"AZKVAuditLogs", "HttpStatusCode", `[200]`, nil, []string{`X == 0`, `X == 200`, `X != 200`}},
		{"AZKVAuditLogs", "HttpStatusCode", `true`, nil, []string{`X == 0`, `X == 1`, `X != 200`}},
		{"AZKVAuditLogs", "HttpStatusCode", `1e300`, nil, []string{`X == 0`, `X != 200`, `X > 0`, `X < 0`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `"True"`, []string{`X`}, []string{`!X`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `"false"`, []string{`!X`}, []string{`X`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `0`, []string{`!X`}, []string{`X`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `"None"`, []string{`!X`}, []string{`X`, `has(X)`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `"maybe"`, nil, []string{`X`, `!X`, `X == false`, `X != true`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `{"a":1}`, nil, []string{`X`, `!X`}},
		{"AZKVAuditLogs", "IsRbacAuthorized", `7`, nil, []string{`X`, `!X`}},
		{"AzureDiagnostics", "httpStatusCode_d", `"403.5"`, []string{`X == 403.5`}, nil},
		{"AzureDiagnostics", "httpStatusCode_d", `"NaN"`, nil, []string{`X == 0.0`, `X != 0.0`, `X > 1.0`, `X <= 1.0`}},
		{"AzureDiagnostics", "httpStatusCode_d", `"x"`, nil, []string{`X == 0.0`, `X != 0.0`, `X < 500.0`}},
		{"SigninLogs", "ResultType", `50126`, []string{`X == "50126"`}, []string{`X != "50126"`}},
		{"SigninLogs", "AppDisplayName", `{"name":"web"}`, nil, []string{`X != ""`, `X == ""`, `X.contains("web")`, `!X.contains("app")`, `X != "mail"`}},
		{"SigninLogs", "AppDisplayName", `["web"]`, nil, []string{`X != ""`, `X == ""`, `X.contains("web")`, `!X.contains("app")`}},
		{"SigninLogs", "AuthenticationDetails", `[{"succeeded":true}]`, []string{`json(X)[0].succeeded`, `X.contains("succeeded")`}, nil},
		{"SigninLogs", "DeviceDetail", `"None"`, []string{`!has(X.os)`, `X.os == null`}, []string{`X.os == "x"`}},
		{"SigninLogs", "DeviceDetail", `"{\"os\":\"x\"}"`, []string{`X.os == "x"`}, nil},
	} {
		x := func(s string) string { return strings.ReplaceAll(s, "X", "event."+c.column) }
		cell := `,"` + c.column + `":` + c.cell
		for _, when := range c.holds {
			if match, failure := holds(t, c.table, x(when), cell); !match || failure != "" {
				t.Errorf("%s doesn't hold on %s: %s", x(when), cell, failure)
			}
		}
		for _, when := range c.silent {
			if match, failure := holds(t, c.table, x(when), cell); match || failure != "" {
				t.Errorf("%s holds on %s, or fails: %s", x(when), cell, failure)
			}
			if match, _ := holds(t, c.table, x(when)+` || event.correlation_id == "there"`, cell+`,"CorrelationId":"there"`); !match {
				t.Errorf("%s blinds a rule for the rest of a row with %s", x(when), cell)
			}
		}
	}
}

// TestMembersTooDeep holds that a member that is nested too deep is no reason to leave the others unread, in JSON and in JSON in a text.
func TestMembersTooDeep(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 60) + `1` + strings.Repeat(`}`, 60)
	targets := `[{"id":"t1","type":"User","displayName":"Ann","deep":` + deep + `,"modifiedProperties":[{"displayName":"AppAddress","newValue":"[{\"Address\":\"https://a.example\"}]"},` +
		`{"displayName":"Deep","newValue":["x",` + deep + `]}]}]`
	for _, cell := range []string{targets, string(enrich.AppendString(nil, targets))} {
		row := `,"TargetResources":` + cell + `,"InitiatedBy":{"user":{"id":"u1","x":` + deep + `}}`
		for _, when := range []string{
			`event.target("User").name == "Ann"`, `event.TargetResources[0].id == "t1"`, `event.actor.id == "u1"`,
			`event.change("AppAddress").added == ["https://a.example"]`, `event.change("Deep").added == ["x"]`, `event.TargetResources.exists(x, x.id == "t1")`,
		} {
			if match, failure := holds(t, "AuditLogs", when, row); !match || failure != "" {
				t.Errorf("%s on %.60s: %v %s", when, cell, match, failure)
			}
		}
		const into = `event.TargetResources[0].deep.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a`
		for _, when := range []string{into + ` == 1`, into + ` != 1`, `!(` + into + ` == 1)`} {
			if match, failure := holds(t, "AuditLogs", when, row); match || !strings.Contains(failure, "nested deeper than 32") {
				t.Errorf("%s: %v %q", when, match, failure)
			}
		}
	}
}

// TestTextsForNothing holds that no actor, principal, address or reason is made of a text that stands for nothing.
func TestTextsForNothing(t *testing.T) {
	for _, nothing := range []string{"None", "null", "N/A", "-", "00000000-0000-0000-0000-000000000000", "none", "NULL", "nan", "undefined", " "} {
		for _, c := range []struct{ table, row, when string }{
			{
				"SigninLogs", `,"UserId":"%[1]s","UserPrincipalName":"%[1]s","UserDisplayName":"%[1]s","AppId":"%[1]s","IPAddress":"%[1]s","ResultDescription":"%[1]s"`,
				`event.actor.kind == "unknown" && event.actor.label == "unknown" && event.actor.ip == "" && event.actor.upn == "" && event.reason == ""`,
			},
			{"SigninLogs", `,"UserPrincipalName":"%[1]s","UserId":"u1"`, `event.actor.label == "u1" && event.actor.upn.lower() == ""`},
			{"AADServicePrincipalSignInLogs", `,"ServicePrincipalId":"%[1]s","ServicePrincipalName":"%[1]s","AppId":"a1"`, `event.actor.label == "a1" && event.actor.id == ""`},
			{"AuditLogs", `,"InitiatedBy":{"user":{"id":"u1"},"app":{"appId":"%[1]s","displayName":"%[1]s","servicePrincipalId":"%[1]s"}}`, `event.actor.is_user && event.actor.id == "u1"`},
			{"AuditLogs", `,"InitiatedBy":"%[1]s","ResultReason":"%[1]s","ResultDescription":"it broke"`, `event.actor.kind == "unknown" && event.reason == "it broke"`},
			{"AuditLogs", `,"InitiatedBy":{"user":{"userPrincipalName":"%[1]s","ipAddress":"%[1]s","id":"u1"}}`, `event.actor.label == "u1" && event.actor.ip == ""`},
			{"AuditLogs", `,"TargetResources":[{"type":"User","id":"%[1]s","displayName":"%[1]s","userPrincipalName":"ann@fabrikam.example"}]`, `event.target("User").label == "ann@fabrikam.example"`},
			{
				"AuditLogs", `,"OperationName":"Add member to role","TargetResources":[{"type":"User","id":"%[1]s"},{"type":"Role","id":"%[1]s","displayName":"%[1]s"}]`,
				`event.role.principal_id == "" && event.role.id == "" && event.role.name == ""`,
			},
			{"AuditLogs", `,"TargetResources":[{"type":"Application","modifiedProperties":[{"displayName":"AppAddress","oldValue":"%[1]s","newValue":"%[1]s"}]}]`, `event.change("AppAddress").added == []`},
			{"AuditLogs", `,"TargetResources":[{"type":"Application","modifiedProperties":[{"displayName":"AppAddress","newValue":"[{\"Address\":\"%[1]s\"}]"}]}]`, `event.change("AppAddress").added == []`},
			{
				"AzureDiagnostics", `,"ResourceProvider":"MICROSOFT.KEYVAULT","identity_claim_upn_s":"%[1]s","identity_claim_scp_s":"%[1]s","identity_claim_oid_g":"o1","CallerIPAddress":"%[1]s","httpStatusCode_d":"%[1]s","ResultSignature":"%[1]s"`,
				`event.actor.is_app && event.actor.upn == "" && event.actor.ip == "" && !event.vault.failed && event.reason == ""`,
			},
			{"AZKVAuditLogs", `,"Identity":{"claim":{"upn":"%[1]s","scp":"%[1]s","oid":"o1"}}`, `event.actor.is_app && event.actor.label == "o1"`},
			{"AzureActivity", `,"Caller":"%[1]s","CallerIpAddress":"%[1]s","OperationNameValue":"%[1]s","OperationName":"Delete it"`, `event.actor.kind == "unknown" && event.operation == "delete it"`},
			{"OfficeActivity", `,"UserId":"%[1]s","ClientIP":"%[1]s","Client_IPAddress":"203.0.113.9"`, `event.actor.kind == "unknown" && event.actor.ip == "203.0.113.9"`},
		} {
			if match, failure := holds(t, c.table, c.when, fmt.Sprintf(c.row, nothing)); !match || failure != "" {
				t.Errorf("%s doesn't hold on %s: %s", c.when, fmt.Sprintf(c.row, nothing), failure)
			}
		}
	}
	if match, _ := holds(t, "SigninLogs", `event.actor.name == "Nan" && event.UserPrincipalName == "None"`, `,"UserDisplayName":"Nan","UserPrincipalName":"None"`); !match {
		t.Error("a first name or a column's own text is taken away")
	}
}

// TestCopiedTables holds that rules for a table judge the rows of its copies.
func TestCopiedTables(t *testing.T) {
	m := configured(t, hours, pack(`rules:
  - {id: a.b, title: t, tables: [AuditLogs], severity: low, when: 'event.operation == "x" && event.table == "AuditLogs"', message: '{event.time}'}
  - {id: c.d, title: t, tables: [Mine_CL], severity: low, when: 'event.column("x_s") == "x"'}
`))
	enricher := enrich.NewEnricher(m)
	for row, want := range map[string]string{
		`{"Type":"AuditLogs_RST","OperationName":"X","TimeGenerated":"2026-09-08T10:10:00Z"}`:                                                      "a.b 2026-09-08T10:10:00Z",
		`{"Type":"AuditLogs_2026_09_RST","OperationName":"X","TimeGenerated":"2026-09-08T10:10:00Z"}`:                                              "a.b 2026-09-08T10:10:00Z",
		`{"Type":"AuditLogs_SRCH","OperationName":"X","TimeGenerated":"2026-11-08T10:10:00Z","_OriginalTimeGenerated":"2026-09-08T10:10:00Z"}`:     "a.b 2026-09-08T10:10:00Z",
		`{"Type":"hunt_SRCH","_OriginalType":"AuditLogs","OperationName":"X","TimeGenerated":"x","_OriginalTimeGenerated":"2026-09-08T10:10:00Z"}`: "a.b 2026-09-08T10:10:00Z",
		`{"Type":"Mine_CL_RST","x_s":"x"}`:                         "c.d ",
		`{"Type":"Mine_SRCH","_OriginalType":"Mine_CL","x_s":"x"}`: "c.d ",
		`{"Type":"AuditLogsToo_RST","OperationName":"X"}`:          "",
		`{"Type":"Other_RST","OperationName":"X"}`:                 "",
		`{"Type":"AuditLogs_OLD","OperationName":"X"}`:             "",
	} {
		events := []enrich.Event{event(t, row)}
		enricher.Enrich(context.Background(), events)
		got := ""
		for _, r := range events[0].Risk.Rules {
			got += r.ID + " " + r.Message
		}
		if got != want {
			t.Errorf("%s: %q, want %q", row, got, want)
		}
	}
}

// TestUntypedTables holds what rules can do with tables whose columns nobody told riskrelay.
func TestUntypedTables(t *testing.T) {
	for tables, want := range map[string]string{
		"Heartbeat": "R308", "AddonAzureBackupJobs": "R308", "SomethingQuiteNew": "R308", "AuditLog": "R208 did you mean `AuditLogs`?", "SignInLogs": "R208 did you mean `SigninLogs`?",
		"AuditLogs_RST": "R208 name `AuditLogs`: its rules see the rows of `AuditLogs_RST`, too", "Heartbeet": "R208 did you mean `Heartbeat`?", "Mine_CL": "", "AuditLogs": "",
	} {
		got := ""
		for _, p := range found(t, pack("rules: [{id: a.b, title: t, tables: ["+tables+"], severity: low, when: 'event.table == \"x\" || event.success'}]\n")) {
			if got = p.Code; p.Code == "R208" {
				got += " " + p.Suggestion
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", tables, got, want)
		}
	}
	if match, _ := holds(t, "Heartbeat", `event.column("Computer") == "c1" && event.time < now`, `,"Computer":"c1","TimeGenerated":"2026-09-08T10:10:00Z"`); !match {
		t.Error("a row of a table that nobody knows isn't judged")
	}
	got := found(t, pack("rules: [{id: a.b, title: t, tables: [Heartbeat], severity: low, when: 'event.Computer == \"x\"'}]\n"))
	if !got.HasErrors() || !strings.Contains(fmt.Sprint(got), `event.column(\"Computer\")`) && !strings.Contains(fmt.Sprint(got), `event.column("Computer")`) {
		t.Errorf("a column of such a table: %v", got)
	}
}

// TestSurprises holds what is warned of, and what isn't.
func TestSurprises(t *testing.T) {
	for _, c := range []struct{ table, when, code string }{
		{"SigninLogs", `event.DeviceDetail.os != "x"`, "R310"},
		{"SigninLogs", `"x" != event.DeviceDetail.os`, "R310"},
		{"SigninLogs", `event.DeviceDetail["os"] != "x"`, "R310"},
		{"SigninLogs", `!(event.DeviceDetail.os == "x")`, "R310"},
		{"SigninLogs", `!event.DeviceDetail.isCompliant`, "R310"},
		{"SigninLogs", `!(event.AppId == "a" && event.DeviceDetail.os in ["x"])`, "R310"},
		{"SigninLogs", `!event.DeviceDetail.os.startsWith("x")`, "R310"},
		{"Mine_CL", `event.column("D").user != "root"`, "R310"},
		{"SigninLogs", `has(event.DeviceDetail.os) && event.DeviceDetail.os != "x"`, ""},
		{"SigninLogs", `!has(event.DeviceDetail.os) || !(event.DeviceDetail.os == "x")`, ""},
		{"SigninLogs", `event.DeviceDetail.os != null && event.DeviceDetail.os != "x"`, ""},
		{"SigninLogs", `event.DeviceDetail.?os.orValue("") != "x"`, ""},
		{"SigninLogs", `event.DeviceDetail.os == "x"`, ""},
		{"SigninLogs", `event.AppId != "x" && !(event.AppId == "y")`, ""},
		{"SigninLogs", `event.actor.upn != "x"`, ""},
		{"Mine_CL", `event.column("X") != 5`, ""},
		{"Mine_CL", `event.column("Score_d") * 2 > 9`, "R311"},
		{"Mine_CL", `2 + event.column("D").n > 9`, "R311"},
		{"Mine_CL", `event.column("D").n - 0.5 > 9`, "R311"},
		{"Mine_CL", `double(event.column("D").n) * 2.0 > 9.0`, ""},
		{"Mine_CL", `event.column("Score_d") > 5`, ""},
		{"AuditLogs", `event.column("Mine") == "x"`, "R309"},
		{"AuditLogs", `event.column("OperationNmae") == "x"`, "R309"},
		{"AuditLogs", `event.column("OperationName") == "x"`, ""},
		{"AzureDiagnostics", `event.column("mine_s") == "x"`, ""},
		{"AzureDiagnostics", `event.column("Resourc") == "x"`, "R309"},
		{"Mine_CL", `event.column("Mine") == "x"`, ""},
	} {
		got := ""
		for _, p := range found(t, pack("rules: [{id: a.b, title: t, tables: ["+c.table+"], severity: low, when: '"+c.when+"'}]\n")) {
			got += p.Code
		}
		if got != c.code {
			t.Errorf("%s: %q, want %q", c.when, got, c.code)
		}
	}
	several := "rules: [{id: a.b, title: t, tables: [AzureDiagnostics, AZKVAuditLogs], severity: low, when: 'event.column(\"id_s\") == \"x\"'}]\n"
	if got := found(t, pack(several)); len(got) > 0 {
		t.Errorf("a column of one of a rule's tables: %v", got)
	}
}

// TestNumbersAsText holds that a number is its digits in texts, wherever it comes from.
func TestNumbersAsText(t *testing.T) {
	m := configured(t, "", pack(`rules:
  - {id: a.b, title: t, tables: [AzureDiagnostics], severity: low, when: 'string(event.httpStatusCode_d) == "7000215"',
     message: 'code {event.httpStatusCode_d} {event.AdditionalFields.n} {string(event.AdditionalFields.n)} {event.AdditionalFields.small} {event.AdditionalFields.big} {event.AdditionalFields.half}'}
`))
	for _, n := range []string{"7000215", "7000215.0", "7.000215e6", `"7000215"`} {
		row := fmt.Sprintf(`{"Type":"AzureDiagnostics","httpStatusCode_d":%s,"AdditionalFields":{"n":%s,"small":0.00001,"big":1e300,"half":0.5}}`, n, n)
		tags := tag(t, m, row)[0]
		if want := "code 7000215 7000215 7000215 0.00001 1e+300 0.5"; len(tags) != 1 || tags[0].Message != want {
			t.Errorf("%s: %+v, want %q", n, tags, want)
		}
	}
}
