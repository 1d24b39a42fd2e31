package rules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// everything is a context with all that rules ask for.
const everything = `{"context": {"business_hours": {"zone": "UTC", "days": ["mon"], "from": "08:00", "to": "18:00"},
	"verified_domains": ["contoso.example"], "dns": {"gone.contoso.example": "nxdomain"}, "credential_lifetime": "180d",
	"lists": {"administrators": ["a"], "privileged_users": ["b"], "credential_types": ["c"], "vault_identities": ["d"], "approved_actors": ["e"]},
	"applications": [{"id": "1", "appId": "2", "web": {"redirectUris": ["https://new.contoso.example/cb"]}}]}}`

// TestNamesDoNotHide holds that a rule about configuration finds its rows whatever the targets are called, as text and
// as an object, and that the message stays one line of bearable length.
func TestNamesDoNotHide(t *testing.T) {
	tested := 0
	for _, p := range packs(t) {
		if !strings.HasPrefix(p.File, "applications/configuration/") {
			continue
		}
		for _, r := range p.Rules {
			c := r.Tests[slices.IndexFunc(r.Tests, func(c rulefile.Test) bool { return !c.Want.None })]
			if r.Tables[0].Value != "AuditLogs" {
				continue
			}
			module := withContext(t, settings(c))
			for what, name := range hostileNames() {
				for _, text := range []bool{false, true} {
					tested++
					e := event(t, renamed(t, c.Events[0].JSON, name, text))
					tag := tagOf(t, module, e, r.ID.Value)
					if tag == nil || tag.Error != "" {
						t.Errorf("%s doesn't find an application with %s (text %t): %v", r.ID.Value, what, text, tag)
					} else if len(tag.Message) > 2100 || strings.ContainsAny(tag.Message, "\n\r") || !utf8.ValidString(tag.Message) {
						t.Errorf("%s: with %s the message is %.80q", r.ID.Value, what, tag.Message)
					}
				}
			}
		}
	}
	if tested < 100 {
		t.Errorf("only %d rows were tried", tested)
	}
}

func hostileNames() map[string]string {
	return map[string]string{
		"no name":               "",
		"quotes":                `"'` + "`" + `\"`,
		"braces":                "{app.label} {{ }} {",
		"line breaks":           "a\r\nb\u2028c\x00",
		"a change of direction": "\u202eexe.sredro\u202c",
		"10 KB":                 strings.Repeat("é", 5<<10),
		"JSON":                  `[{"displayName":"AppAddress","newValue":"[]"}]`,
		"the name of a product": "Microsoft Graph",
	}
}

// renamed is a row of AuditLogs whose targets have the name; its targets are an object, or text as over the query API.
func renamed(t *testing.T, row []byte, name string, text bool) []byte {
	t.Helper()
	var columns map[string]any
	if err := json.Unmarshal(row, &columns); err != nil {
		t.Fatal(err)
	}
	targets, _ := columns["TargetResources"].([]any)
	if s, ok := columns["TargetResources"].(string); ok {
		if err := json.Unmarshal([]byte(s), &targets); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range targets {
		target.(map[string]any)["displayName"] = name
	}
	columns["TargetResources"] = targets
	if text {
		columns["TargetResources"] = string(marshal(t, targets))
	}
	return marshal(t, columns)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestManyAddresses holds that an application with as many redirect URIs as there may be doesn't cost a rule more than it
// may spend. https://learn.microsoft.com/entra/identity-platform/reply-url names the limits.
func TestManyAddresses(t *testing.T) {
	module := withContext(t, everything)
	long := strings.Repeat("x", 200)
	for kind, form := range map[string]string{
		"of the house": "https://h%d.contoso.example/%s", "foreign": "https://h%d.fabrikam.example/%s", "on a platform": "https://h%d.azurewebsites.net/%s",
		"given once": "https://h%d-bxcja2evd2hef3b9.westus-01.azurewebsites.net/%s", "gone": "https://gone.contoso.example/%d/%s",
		"of a bucket": "https://h%d.s3.eu-central-1.amazonaws.com/%s", "no URIs": "%%%d%s", "of the own machine": "http://localhost:%d/%s",
	} {
		var before, after []map[string]any
		for i := range 256 {
			after = append(after, map[string]any{"AddressType": i % 2, "Address": fmt.Sprintf(form, i, long), "ReplyAddressClientType": 1})
		}
		for _, c := range []struct {
			what     string
			old, new any
		}{{"all added", before, after}, {"all removed", after, before}, {"one more", after[1:], after}} {
			row := marshal(t, map[string]any{
				"Type": "AuditLogs", "TimeGenerated": "2026-03-03T10:15:42Z", "OperationName": "Update application", "Result": "success",
				"TargetResources": []any{map[string]any{"id": "1", "type": "Application", "modifiedProperties": []any{
					map[string]any{"displayName": "AppAddress", "oldValue": string(marshal(t, c.old)), "newValue": string(marshal(t, c.new))},
				}}},
			})
			tags, err := module.Tag(t.Context(), []enrich.Event{event(t, row)})
			if err != nil {
				t.Fatal(err)
			}
			if len(tags[0]) == 0 {
				t.Errorf("256 addresses %s, %s: no tag", kind, c.what)
			}
			for _, tag := range tags[0] {
				if tag.Error != "" {
					t.Errorf("256 addresses %s, %s: %s: %s", kind, c.what, tag.Rule, tag.Error)
				}
			}
		}
	}
}

func withContext(t *testing.T, settings string) *celrule.Module {
	t.Helper()
	module := celrule.New()
	if err := module.Configure(t.Context(), enrich.Config{Files: files(t), Settings: []byte(settings)}); err != nil {
		t.Fatal(err)
	}
	return module
}

func event(t *testing.T, row []byte) enrich.Event {
	t.Helper()
	table, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	return enrich.NewEvent(table, parsed)
}

// tagOf is the first tag of a rule, nil for none.
func tagOf(t *testing.T, module *celrule.Module, e enrich.Event, rule string) *enrich.Tag {
	t.Helper()
	tags, err := module.Tag(t.Context(), []enrich.Event{e})
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range tags[0] {
		if tag.Rule == rule {
			return &tags[0][i]
		}
	}
	return nil
}

// settings are those of the module in a test of a rule.
func settings(c rulefile.Test) string {
	if c.Context.JSON == nil {
		return "{}"
	}
	return `{"context": ` + string(c.Context.JSON) + `}`
}
