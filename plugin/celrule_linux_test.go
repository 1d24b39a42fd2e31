package plugin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/plugin/plugintest"
)

// pack is a rule pack for the built-in module.
const pack = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: test, version: 1.0.0}
rules:
  - id: test.consent
    title: Somebody consented
    tables: [AuditLogs]
    when: event.operation == "consent to application"
    severity: high
    message: "{event.actor.label} consented"
    mitre: [T1528]
`

func celOptions(t *testing.T) plugintest.Options {
	config := func(text string) enrich.Config {
		return enrich.Config{Files: []enrich.File{{Name: "test.yaml", Data: []byte(text)}}}
	}
	parser := enrich.NewObjectParser(func(_, column string) enrich.Type {
		if column == "InitiatedBy" {
			return enrich.Dynamic
		}
		return enrich.String
	})
	return plugintest.Options{
		Config: config(pack),
		Bad: []enrich.Config{
			config(strings.Replace(pack, "event.operation", "event.operatoin", 1)),
			config(strings.Replace(pack, "title", "titel", 1)),
			config(pack + pack),
			config("{"),
		},
		Events: []enrich.Event{
			object(t, parser, `{"Type":"AuditLogs","TimeGenerated":"2026-11-23T09:15:00Z","OperationName":"Consent to application",`+
				`"InitiatedBy":"{\"user\":{\"userPrincipalName\":\"ada@example.com\"}}"}`),
			object(t, parser, `{"Type":"AuditLogs","OperationName":"consent  to application"}`),
		},
	}
}

func TestCELInProcess(t *testing.T) {
	plugintest.TestModule(t, func(*testing.T) enrich.Module { return celrule.New() }, celOptions(t))
}

func TestCELAsProcess(t *testing.T) {
	plugintest.TestModule(t, func(t *testing.T) enrich.Module { return launch(t, options(t, "cel")) }, celOptions(t))
}

// TestCELSaysTheSameBothWays compares tags, description and problems of the two.
func TestCELSaysTheSameBothWays(t *testing.T) {
	o := celOptions(t)
	inside, outside := enrich.Module(celrule.New()), enrich.Module(launch(t, options(t, "cel")))
	for _, config := range append(o.Bad, o.Config) {
		a, b := inside.Configure(t.Context(), config), outside.Configure(t.Context(), config)
		if diff := cmp.Diff(errorText(a), errorText(b)); diff != "" {
			t.Errorf("Configure: %s", diff)
		}
	}
	a, errA := inside.Describe(t.Context())
	b, errB := outside.Describe(t.Context())
	if diff := cmp.Diff(fromDescription(toDescription(a)), b); diff != "" || errA != nil || errB != nil {
		t.Errorf("Describe: %v, %v: %s", errA, errB, diff)
	}
	events := append(plugintest.StrangeEvents("AuditLogs"), o.Events...)
	tagsA, errA := inside.Tag(t.Context(), events)
	tagsB, errB := outside.Tag(t.Context(), events)
	if errA != nil || errB != nil {
		t.Fatalf("Tag: %v, %v", errA, errB)
	}
	if diff := cmp.Diff(fromLists(toLists(tagsA)), tagsB); diff != "" {
		t.Error(diff)
	}
}

// TestModuleSuiteAsProcess runs the suite on the module of these tests.
func TestModuleSuiteAsProcess(t *testing.T) {
	plugintest.TestModule(t, func(t *testing.T) enrich.Module { return launch(t, options(t, "good")) }, plugintest.Options{
		Config: enrich.Config{Settings: []byte("fish")},
		Bad:    []enrich.Config{{Settings: []byte("refuse")}, {Settings: []byte("crash")}},
		Events: events("fish", "fish"),
	})
}
