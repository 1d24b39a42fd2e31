package splunk

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

func mappings(t *testing.T) *cim {
	t.Helper()
	c, err := readCIM(cimText)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPathsAreColumns: each path that a field is filled from begins with a column of its table, or is of the risk.
func TestPathsAreColumns(t *testing.T) {
	for _, m := range mappings(t).tables {
		table, _ := schema.Lookup(m.table)
		for field, expression := range m.evals {
			for _, p := range paths(expression) {
				column, _, _ := strings.Cut(p, ".")
				column, _, _ = strings.Cut(column, "{")
				if _, known := table.Column(column); !known && column != "risk" && column != "event_id" {
					t.Errorf("%s: %s reads %s, and %s has no column %s", m.table, field, p, m.table, column)
				}
			}
		}
	}
}

// TestFieldsHideNoColumn: a calculated field that is called as a column takes the column's place.
func TestFieldsHideNoColumn(t *testing.T) {
	c := mappings(t)
	for _, table := range schema.Tables() {
		m, _ := c.mapping(table.Name)
		for field := range m.evals {
			if _, hides := table.Column(field); hides {
				t.Errorf("%s: the calculated field %s hides the column", table.Name, field)
			}
		}
	}
}

// TestFieldsAreOfModels: what is filled is a field of a model that the table belongs to, or one of ours, and each model's field is
// filled or has a reason.
func TestFieldsAreOfModels(t *testing.T) {
	c := mappings(t)
	ours := []string{"event_id", "actor", "src_ip"}
	for _, m := range c.tables {
		var known []string
		for _, model := range c.models {
			if model.name == "alert" || slices.Contains(m.models, model.name) {
				known = append(known, model.fields...)
			}
		}
		for field := range m.evals {
			if len(m.models) > 0 && !slices.Contains(known, field) && !slices.Contains(ours, field) {
				t.Errorf("%s: %s is no field of its models", m.table, field)
			}
		}
	}
	if _, err := c.markdown(); err != nil {
		t.Error(err)
	}
	c.tables[0].evals = map[string]string{}
	if _, err := c.markdown(); err == nil || !strings.Contains(err.Error(), "no line says why") {
		t.Errorf("fields that nothing fills: %v", err)
	}
}

// TestExpressionsParse also checks that all that props.conf calculates is known to the evaluator.
func TestExpressionsParse(t *testing.T) {
	text := props(mappings(t))
	for _, line := range regexp.MustCompile(`(?m)^EVAL-(\S+) = (.*)$`).FindAllStringSubmatch(text, -1) {
		if _, err := spl.Parse(line[2]); err != nil {
			t.Errorf("%s: %v", line[1], err)
		}
	}
}

// TestOnlyOurEvents: no stanza is about events of others, as that of a source type of Splunk's or Microsoft's add-on would be.
func TestOnlyOurEvents(t *testing.T) {
	for _, stanza := range regexp.MustCompile(`(?m)^\[(.*)\]$`).FindAllStringSubmatch(props(mappings(t)), -1) {
		if !strings.HasPrefix(stanza[1], "azure:loganalytics:") && stanza[1] != "source::riskrelay:..." {
			t.Errorf("[%s] is about events of others, too", stanza[1])
		}
	}
}

// TestEverySourcetype: each table that rules can name has a stanza, and so have the tables of what riskrelay says of itself.
func TestEverySourcetype(t *testing.T) {
	text := props(mappings(t))
	for _, table := range append(schema.Names(), "RiskrelaySummary", "RiskrelayCheck", "RiskFollowUp", "GraphApplications") {
		if !strings.Contains(text, "\n["+sourcetype(table)+"]\n") {
			t.Errorf("no stanza for %s", table)
		}
	}
}

func TestMistakesInTheMapping(t *testing.T) {
	for text, want := range map[string]string{
		"table Nothing\n":                        "no table is called Nothing",
		"table AuditLogs\nuser = @nobody\n":      "@nobody isn't defined above",
		"table AuditLogs\nlike SigninLogs\n":     "doesn't stand above",
		"table AuditLogs\nnone user, src\n":      "say why",
		"table AuditLogs\nsomething\n":           `unknown word "something"`,
		"let x = @y\n":                           "@y isn't defined above",
		"fields change user\nnone change user\n": "say why",
	} {
		if _, err := readCIM(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestInRecord names where columns stand in records of diagnostic settings.
func TestInRecord(t *testing.T) {
	for _, c := range []struct{ table, path, want string }{
		{"AuditLogs", "OperationName", `json_extract(_raw,"operationName")`},
		{"SigninLogs", "IPAddress", `json_extract(_raw,"properties.ipAddress")`},
		{"SigninLogs", "UserPrincipalName", `json_extract(_raw,"properties.userPrincipalName")`},
		{"SigninLogs", "ResultType", `json_extract(_raw,"resultType")`},
		{"AuditLogs", "InitiatedBy.user.displayName", `json_extract(_raw,"properties.initiatedBy.user.displayName")`},
		{"AuditLogs", "TargetResources{0}.id", `json_extract(_raw,"properties.targetResources{0}.id")`},
		{"AuditLogs", "AdditionalDetails{}.key", `json_extract(_raw,"properties.additionalDetails{}.key")`},
		{"AuditLogs", "AADOperationType", `json_extract(_raw,"properties.operationType")`},
		{"AuditLogs", "risk.rules{0}.message", `json_extract(_raw,"risk.rules{0}.message")`},
		{"SigninLogs", "ResourceIdentity", `json_extract(_raw,"properties.resourceId")`},
		{"AZKVAuditLogs", "Identity.claim.upn", `json_extract(_raw,"identity.claim.upn")`},
		{"AZKVAuditLogs", "HttpStatusCode", `json_extract(_raw,"properties.httpStatusCode")`},
		{"AZKVAuditLogs", "_ResourceId", `json_extract(_raw,"resourceId")`},
		{"AzureActivity", "Claims.name", `json_extract(_raw,"identity.claims.name")`},
		{"AzureActivity", "SubscriptionId", `null()`},
		{"AzureActivity", "Caller", `coalesce(json_extract_exact(json_extract(_raw,"identity.claims"),"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"),` +
			`json_extract_exact(json_extract(_raw,"identity.claims"),"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),` +
			`json_extract_exact(json_extract(_raw,"identity.claims"),"http://schemas.microsoft.com/identity/claims/objectidentifier"))`},
	} {
		if got := inRecord(c.table, c.path); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.path, c.table, got, c.want)
		}
	}
}

// TestFilesAreFresh: what is written is what would be written now.
func TestFilesAreFresh(t *testing.T) {
	files, err := Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || string(got) != string(want) {
			t.Errorf("%s is stale (%v): run make generate", name, err)
		}
	}
}

// TestRunbookSteps: a number inside a step begins no new one.
func TestRunbookSteps(t *testing.T) {
	if got := runbook("1. Ask, within 2. hours.\n2. Look:\n   at it.\n10. End.\n"); got != "1. Ask, within 2. hours. // 2. Look: at it. // 10. End." {
		t.Errorf("%q", got)
	}
}
