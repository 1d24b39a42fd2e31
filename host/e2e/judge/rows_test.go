//go:build linux

package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/source/file"
)

// row is one odd row, and what rules say about it.
type row struct {
	name    string
	columns map[string]any
	tags    []enrich.Tag
	event   enrich.Event
}

// odd are the texts that careless writers and readers stumble over. All are harmless, and all names are invented.
func odd() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"plain", "Payroll"},
		{"double quotes", `say "no" and "yes"`},
		{"single quote", "O'Hara's app"},
		{"backslashes", `C:\apps\new\table`},
		{"backslash at the end", `C:\apps\`},
		{"pipe", "left|right"},
		{"equals", "a=b and c = d"},
		{"looks like an attribute", "before act=nothing behind"},
		{"brackets", `[a] ]b[ {c}`},
		{"tab", "left\tright"},
		{"line feed", "first\nsecond"},
		{"carriage return", "first\rsecond"},
		{"CR and LF", "first\r\nsecond"},
		{"comma and blank", "Smith, Jane, and more"},
		{"semicolons and carets", "a;b^c~d"},
		{"percent and dollar", "100% of $HOME %d"},
		{"emoji", "launch 🚀👩‍💻"},
		{"combining letters", "Ame\u0301lie Zoe\u0308"},
		{"right to left", "\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c"},
		{"CJK", "給与システム"},
		{"line separator", "first\u2028second"},
		{"control characters", "bell\a and \x1b[31mred"},
		{"blanks around", "  Payroll  "},
		{"JSON as text", `{"a": "b", "c": [1, 2]}`},
		{"angle brackets", "<b>bold</b> <14>"},
		{"colon", "app: name"},
		{"looks like an escape", `C:\u0041 and \n`},
	}
}

// rows are all rows with their events, as the file source reads them.
func rows(t *testing.T) []row {
	t.Helper()
	var all []row
	for _, o := range odd() {
		all = append(all, row{name: o.name, columns: audit(o.text), tags: []enrich.Tag{consent(o.text)}})
	}
	all = append(all, more()...)
	var lines strings.Builder
	for i := range all {
		all[i].columns["_ItemId"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		line, err := json.Marshal(all[i].columns)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	reader := file.NewReader(strings.NewReader(lines.String()), "rows", func(e *file.LineError) error { return e })
	for i := 0; ; {
		events, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			e.Risk.Add("test", all[i].tags)
			all[i].event = e
			i++
		}
	}
	return all
}

const (
	tenant = "11111111-2222-4333-8444-555555555555"
	at     = "2026-11-30T15:59:19.123456Z"
)

// audit is a row of AuditLogs that has the text in every place that sinks take something from.
func audit(text string) map[string]any {
	return map[string]any{
		"Type": "AuditLogs", "TenantId": tenant, "TimeGenerated": at, "OperationName": "Consent to " + text, "Category": "ApplicationManagement",
		"Result": "success", "ResultReason": "because " + text, "CorrelationId": "c-1",
		"InitiatedBy":       map[string]any{"user": map[string]any{"id": "u-1", "userPrincipalName": text + " (ada@contoso.example)", "ipAddress": "203.0.113.7"}},
		"TargetResources":   []any{map[string]any{"id": "a-1", "displayName": text, "type": "Application"}},
		"AdditionalDetails": []any{map[string]any{"key": "User-Agent", "value": text}},
		"Message":           text,
	}
}

// consent is what a rule says about such a row.
func consent(text string) enrich.Tag {
	return enrich.Tag{
		Rule: "entra.app.consent", Revision: "r1", Pack: "test@1", Guide: []string{"consent"}, Severity: enrich.High, Score: 60,
		Reasons: []string{text}, Message: "consent: " + text, Mitre: []string{"T1098.001"}, Objects: []enrich.Object{{Type: "application", Value: text}},
	}
}

// more are rows that are odd in other ways than by a text.
func more() []row {
	with := func(name string, columns map[string]any, tags ...enrich.Tag) row {
		all := audit("Payroll")
		for column, value := range columns {
			all[column] = value
		}
		return row{name: name, columns: all, tags: tags}
	}
	second := enrich.Tag{Rule: "entra.app.owner", Severity: enrich.Medium, Score: 30, Mitre: []string{"T1098"}, Message: "an owner, too", Objects: []enrich.Object{{Type: "user", Value: "ada@contoso.example"}}}
	silenced := consent("Payroll")
	silenced.Suppressed = "allowed"
	critical := enrich.Tag{Rule: "entra.role.given", Severity: enrich.Critical, Score: 90, Reasons: []string{"at night", "from a new place", "by a guest"}, Message: "a role"}
	return []row{
		with("no rule", nil),
		with("several rules", nil, second, consent("Payroll"), critical),
		with("several reasons", nil, critical),
		with("suppressed", nil, silenced),
		with("suppressed beside a match", nil, silenced, second),
		with("errors", nil, enrich.Tag{Rule: "entra.broken", Error: "no such member: displayName"}),
		with("errors beside a match", nil, second, enrich.Tag{Rule: "entra.broken", Error: `a "quoted" reason`}),
		with("empty values", map[string]any{"ResultReason": "", "Category": "", "Message": nil, "InitiatedBy": map[string]any{}, "TargetResources": []any{}}),
		with("nested JSON", map[string]any{"AdditionalDetails": []any{map[string]any{"a": map[string]any{"b": []any{map[string]any{"c": "d=e|f"}}}}}}),
		with("JSON in JSON", map[string]any{"AdditionalDetails": `[{"key":"claims","value":"{\"upn\":\"ada\",\"path\":\"C:\\\\x\"}"}]`}, second),
		with("numbers beyond 2^53", map[string]any{"Big": json.RawMessage("9007199254740993"), "Small": json.RawMessage("-9223372036854775808")}, second),
		with("fractions and exponents", map[string]any{"Real": json.RawMessage("0.1"), "Exponent": json.RawMessage("1.5e-7"), "Flag": true}),
		with("a very long cell", map[string]any{"Message": strings.Repeat("long text, ", 3000)}, second),
		with("long values", map[string]any{"ResultReason": strings.Repeat("because ", 200), "OperationName": "Consent to " + strings.Repeat("x", 600)}),
		with("many columns", columns(150)),
		with("time without zone", map[string]any{"TimeGenerated": "2026-11-30T15:59:19.5"}, second),
		with("no time", map[string]any{"TimeGenerated": nil}, second),
		with("IPv6", map[string]any{"InitiatedBy": map[string]any{"user": map[string]any{"userPrincipalName": "ada@contoso.example", "ipAddress": "2001:db8::7"}}}, second),
		with("an application did it", map[string]any{"InitiatedBy": map[string]any{"app": map[string]any{"displayName": "Payroll robot", "servicePrincipalId": "s-1"}}}, second),
		with("done to a user", map[string]any{"TargetResources": []any{map[string]any{"id": "u-2", "userPrincipalName": "bo|b=@contoso.example", "type": "User"}}}, second),
		{name: "a sign-in", columns: map[string]any{
			"Type": "SigninLogs", "TenantId": tenant, "TimeGenerated": at, "OperationName": "Sign-in activity", "UserPrincipalName": "ada@contoso.example",
			"UserId": "u-1", "IPAddress": "203.0.113.7", "ResultType": "50126", "ResultDescription": "Invalid username or password", "UserAgent": "Mozilla/5.0 (X11; Linux)",
			"AppDisplayName": "Azure Portal", "ResourceDisplayName": "Windows Azure Service Management API",
			"CorrelationId": "c-2", "LocationDetails": map[string]any{"city": "Zürich", "geoCoordinates": map[string]any{"latitude": 47.37}},
		}, tags: []enrich.Tag{second}},
	}
}

// columns are n columns that are nobody's.
func columns(n int) map[string]any {
	all := map[string]any{}
	for i := range n {
		all[fmt.Sprintf("Column%03d", i)] = fmt.Sprintf("value %d", i)
	}
	return all
}
