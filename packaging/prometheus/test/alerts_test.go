package test

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

var update = flag.Bool("update", false, "write ../alerts.yaml anew")

const head = `# Alerts for a Prometheus that scrapes riskrelay as the job "riskrelay". They are those of the Helm chart, written by
# go -C packaging/prometheus/test test -update
groups:
  - name: riskrelay
    rules:
`

// fromChart are the chart's alerts, for a job called riskrelay that is in no namespace.
func fromChart(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(product + "/packaging/chart/riskrelay/templates/_alerts.tpl")
	if err != nil {
		t.Fatal(err)
	}
	chart, err := template.New("chart").Funcs(template.FuncMap{ // of those that Helm has
		"include": func(string, any) string { return "riskrelay" },
		"quote":   func(text string) string { return fmt.Sprintf("%q", text) },
		"int":     func(n int) int { return n },
	}).Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"Release": map[string]any{"Namespace": ""},
		"Values":  map[string]any{"prometheusRule": map[string]any{"lagSeconds": 3600}},
	}
	var out bytes.Buffer
	if err := chart.ExecuteTemplate(&out, "riskrelay.alerts", values); err != nil {
		t.Fatal(err)
	}
	alerts := strings.ReplaceAll(out.String(), `{job="riskrelay",namespace=""}`, `{job="riskrelay"}`)
	return head + regexp.MustCompile(`(?m)^`).ReplaceAllString(strings.TrimSpace(alerts), "      ") + "\n"
}

// TestAlerts holds that the alerts are the chart's, that Prometheus takes them, as promtool would, and that what they ask for and
// name is there.
func TestAlerts(t *testing.T) {
	want := fromChart(t)
	if *update {
		if err := os.WriteFile("../alerts.yaml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("../alerts.yaml")
	if err != nil || string(text) != want {
		t.Fatalf("alerts.yaml isn't what the chart has: run this test with -update (%v)", err)
	}
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) != 1 || len(groups.Groups[0].Rules) < 12 {
		t.Fatalf("%+v", groups)
	}
	named := regexp.MustCompile(`\$labels\.([a-z_]+)`)
	for _, rule := range groups.Groups[0].Rules {
		labels := check(t, rule.Alert, rule.Expr)
		for _, label := range named.FindAllStringSubmatch(rule.Annotations["summary"], -1) {
			if !slices.Contains(labels, label[1]) {
				t.Errorf("%s names the label %s, which its metric hasn't", rule.Alert, label[1])
			}
		}
		if !strings.Contains(rule.Expr, `job="riskrelay"`) || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
			t.Errorf("%s asks others, too, has no severity, or says nothing", rule.Alert)
		}
	}
}
