//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// companyContext is what the made-up company would tell the rules, so that none is off.
func companyContext(t *testing.T) string {
	t.Helper()
	var identities []string
	for kind, field := range map[string]string{"app": "spid", "identity": "spid", "user": "id", "admin": "id"} {
		identities = append(identities, story.Members(kind, field)...)
	}
	slices.Sort(identities)
	return fmt.Sprintf(`
business_hours: {zone: UTC, days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00"}
verified_domains: [contoso.example]
credential_lifetime: 180d
dns: {gone.contoso.example: nxdomain}
lists:
  administrators: [%s]
  privileged_users: [%s]
  credential_types: [AsymmetricX509Cert, Password]
  high_profile_users: [%s]
  federated_issuers: ["https://token.actions.githubusercontent.com"]
  approved_actors: [%s]
  vault_identities: [%s]
seen:
  vault_access: [%s]
`, strings.Join(story.Members("admin", "upn"), ", "), strings.Join(story.Members("admin", "upn"), ", "),
		strings.Join(story.Members("admin", "upn"), ", "), strings.Join(identities, ", "), strings.Join(identities, ", "), strings.Join(vaultAccess(t), ", "))
}

// vaultAccess is the baseline of who uses which vault on an ordinary day.
func vaultAccess(t *testing.T) (pairs []string) {
	t.Helper()
	const pack = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: baseline, version: 1.0.0}
rules:
  - {id: baseline.vault, title: Who uses which vault, tables: [AzureDiagnostics, AZKVAuditLogs], severity: info,
     when: event.vault.present && event.actor.id != "", message: "{event.actor.id.lower()}|{event.vault.name}"}`
	path := filepath.Join(t.TempDir(), "baseline.yaml")
	if err := os.WriteFile(path, []byte(pack), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range taggedBy(t, everyday(), ruleset.Options{Paths: []string{path}}) {
		for _, r := range e.Risk.Rules {
			pairs = append(pairs, strconv.Quote(r.Message))
		}
	}
	slices.Sort(pairs)
	return slices.Compact(pairs)
}

// asked is a tag above info that the guide asks for on a kind of everyday row.
type asked struct {
	kind, rule string
	most       enrich.Severity
	hours      bool // only where the context has business hours
	reason     string
}

// whatTheGuideAsks lists all tags above info that everyday rows may have. Each must come.
func whatTheGuideAsks() []asked {
	return []asked{
		{"basic-consent", "entra.app.consent.user", enrich.Low, false, "the row end-user-consent is about every consent of a user, at low risk"},
		{"basic-grant", "entra.app.permission.sensitive_api", enrich.Low, false, "the row sensitive-api-permission is about every permission for Microsoft Graph; those to sign in are low"},
		{"owner-removed", "entra.app.owner.changed", enrich.Low, false, "the row owner-changed is about every change of owners; a removal is low"},
		{"portal-list-denied", "azure.keyvault.access.denied", enrich.Low, false, "the row keyvault-access is about access outside of regular processes; a page of the portal is low"},
		{"portal-lists", "azure.keyvault.access.outside_hours", enrich.Low, true, "the note keyvault-access/outside-hours; names without content are low"},
		{"portal-lists-specific", "azure.keyvault.access.outside_hours", enrich.Low, true, "as portal-lists"},
		{"secret-read-in-portal", "azure.keyvault.access.outside_hours", enrich.Medium, true, "the note keyvault-access/outside-hours: a person reads a secret at night"},
	}
}

// everyday is the corpus of silence: 20,000 events of all tables.
func everyday() []story.Row {
	return append(story.Day(1, day(), 19_000), story.Inventory(1, day(), 1000)...)
}

// TestAnOrdinaryDayIsSilent holds that everyday events get no tag above info but those that the guide asks for, with
// nothing configured and with everything.
func TestAnOrdinaryDayIsSilent(t *testing.T) {
	for name, context := range map[string]string{"without a context": "", "with a context": companyContext(t)} {
		t.Run(name, func(t *testing.T) {
			rows, came, loud := everyday(), map[string]bool{}, map[string]int{}
			for i, e := range tagged(t, rows, context) {
				for _, r := range e.Risk.Rules {
					pair := rows[i].Kind + " " + r.ID
					if came[pair] = true; r.Severity <= most(rows[i].Kind, r.ID, context != "") {
						continue
					}
					if loud[pair]++; loud[pair] <= 2 {
						t.Logf("%s: %s %s %q\n%s", pair, r.Severity, r.Message, r.Reasons, rows[i].JSON)
					}
				}
				if len(e.Risk.Errors) > 0 {
					t.Fatalf("%v\n%s", e.Risk.Errors, rows[i].JSON)
				}
			}
			for pair, n := range loud {
				t.Errorf("%d everyday events are too loud: %s", n, pair)
			}
			for _, a := range whatTheGuideAsks() {
				if !came[a.kind+" "+a.rule] && (context != "" || !a.hours) {
					t.Errorf("%s doesn't get %s, which the guide asks for: %s", a.kind, a.rule, a.reason)
				}
			}
		})
	}
}

// most is the highest severity that a rule may give to a kind of everyday row.
func most(kind, rule string, configured bool) enrich.Severity {
	for _, a := range whatTheGuideAsks() {
		if a.kind == kind && a.rule == rule && (configured || !a.hours) {
			return a.most
		}
	}
	return enrich.Info
}

// TestTheCompanysContextIsWhole holds that no rule is off with it: rules that are off are silent for the wrong reason.
func TestTheCompanysContextIsWhole(t *testing.T) {
	for _, r := range companysRules(t).Rules {
		if r.Off != "" {
			t.Errorf("%s is off: %s", r.ID, r.Off)
		}
	}
}

// companysRules are the built-in rules in the company's context.
func companysRules(t *testing.T) enrich.Description {
	t.Helper()
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil {
		t.Fatal(err)
	}
	config.Files = append(config.Files, enrich.File{Name: "context.yaml", Data: []byte(companyContext(t))})
	config.Settings = []byte(`{"context_file": "context.yaml"}`)
	module := celrule.New()
	if err := module.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	about, err := module.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return about
}

// TestEverydayHoldsEverything holds that the events are of all tables that rules read, and have each kind of everyday row that detections
// trip over, the hostile ones too.
func TestEverydayHoldsEverything(t *testing.T) {
	rows := everyday()
	if len(rows) != 20_000 {
		t.Errorf("%d events", len(rows))
	}
	tables, kinds := map[string]int{}, map[string]int{}
	for _, r := range rows {
		tables[r.Table]++
		kinds[r.Kind]++
	}
	for _, name := range companysRules(t).Selector.Tables {
		if name == "RiskFollowUp" {
			continue // made by the host itself
		}
		if tables[name] < 100 {
			t.Errorf("%d events of %s", tables[name], name)
		}
	}
	for _, kind := range noise() {
		if kinds[kind] == 0 {
			t.Errorf("nothing of the kind %s", kind)
		}
	}
}

// noise are the kinds of rows that look like a row of the guide, and aren't.
func noise() []string {
	return []string{
		"identity-certificate-rotated", "signing-certificate-renewed", "credentials-reordered", "credential-removed", "application-without-credentials",
		"addresses-reordered", "application-refused", "application-pictured", "application-added", "service-principal-added", "permissions-requested",
		"scopes-held-before", "grant-removed", "app-role-removed", "group-assigned-to-application", "user-assigned-to-application", "consent-canceled", "basic-consent", "basic-grant", "owner-removed",
		"role-activation-requested", "role-activated", "role-given-by-activation", "role-taken-after-activation", "user-assigned-to-role", "nobody-initiated",
		"challenge", "challenge-specific", "vault-inventory", "vault-inventory-specific", "vault-policy-scan", "portal-lists", "portal-lists-specific", "portal-list-denied",
		"secret-read-in-portal", "secret-rotated", "secret-not-found", "near-expiry", "near-expiry-specific",
		"user-role-assigned", "user-role-assigned-end", "group-role-assigned", "app-role-refused", "vault-read",
		"admin-sign-in", "risk-remediated", "guest-sign-in", "application", "application-with-certificate", "service-principal",
		"hostile-user-renamed", "hostile-application-renamed", "hostile-key-renamed", "hostile-consent-refused", "hostile-group-member",
		"hostile-client", "hostile-identity-specific", "hostile-tag-written", "hostile-agent", "hostile-application",
	}
}
