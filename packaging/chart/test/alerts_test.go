package test

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

var row = regexp.MustCompile("(?m)^\\| `(riskrelay_[a-z_]+)` \\| (counter|gauge) \\| ([^|]*) \\|")

// documented are the labels of each metric in host/admin/README.md, by name, whose table is made from the code.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(product, "host/admin/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{"up": nil} // Prometheus's own
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		labels[found[1]] = strings.FieldsFunc(found[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
	}
	if len(labels) < 2 {
		t.Fatal("host/admin/README.md has no table of metrics")
	}
	return labels
}

// alerts are the groups of the PrometheusRule that a way to run renders, read as promtool does, which refuses what is wrong.
func alerts(t *testing.T, args ...string) []rulefmt.RuleGroup {
	t.Helper()
	for _, d := range mustSplit(t, mustRender(t, args...)) {
		if d.Kind != "PrometheusRule" {
			continue
		}
		var object struct{ Spec any }
		if err := yaml.UnmarshalStrict(d.text, &object, yaml.DisallowUnknownFields); err != nil && !strings.Contains(err.Error(), "unknown field") {
			t.Fatal(err)
		}
		spec, err := yaml.Marshal(object.Spec)
		if err != nil {
			t.Fatal(err)
		}
		groups, errs := rulefmt.Parse(spec, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
		for _, err := range errs {
			t.Error(err)
		}
		if groups == nil {
			t.FailNow()
		}
		return groups.Groups
	}
	t.Fatal("no PrometheusRule was rendered")
	return nil
}

// TestAlerts holds that Prometheus takes the alerts, that each asks for metrics which riskrelay has, of this release alone, and that
// what they say names labels which these have.
func TestAlerts(t *testing.T) {
	named, metrics := regexp.MustCompile(`\$labels\.([a-z_]+)`), documented(t)
	groups := alerts(t, "--values", filepath.Join(chart, "ci/monitoring-values.yaml"))
	count := 0
	for _, rule := range groups[0].Rules {
		count++
		expression, err := parser.NewParser(parser.Options{}).ParseExpr(rule.Expr)
		if err != nil {
			t.Fatal(err)
		}
		var labels []string
		parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
			if selector, ok := node.(*parser.VectorSelector); ok {
				of, known := metrics[selector.Name]
				if !known {
					t.Errorf("%s asks for %s, which riskrelay hasn't", rule.Alert, selector.Name)
				}
				if !strings.Contains(selector.String(), `job="siem-riskrelay",namespace="security"`) {
					t.Errorf("%s asks for %s of other releases, too", rule.Alert, selector)
				}
				labels = append(labels, of...)
			}
			return nil
		})
		for _, label := range named.FindAllStringSubmatch(rule.Annotations["summary"], -1) {
			if !slices.Contains(labels, label[1]) {
				t.Errorf("%s names the label %s, which its metric hasn't", rule.Alert, label[1])
			}
		}
		if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
			t.Errorf("%s has no severity or says nothing", rule.Alert)
		}
	}
	if len(groups) != 1 || count != 12 {
		t.Errorf("%d groups, %d alerts in the first; want 1 and 12", len(groups), count)
	}
}

// TestAlertsLeftOut holds that an alert can be left out, and that the others stay.
func TestAlertsLeftOut(t *testing.T) {
	rules := alerts(t, "--values", filepath.Join(chart, "ci/monitoring-values.yaml"), "--set", "prometheusRule.without={RiskrelayLag,RiskrelayStuck}")[0].Rules
	has := func(name string) bool {
		return slices.ContainsFunc(rules, func(r rulefmt.Rule) bool { return r.Alert == name })
	}
	if has("RiskrelayLag") || has("RiskrelayStuck") || !has("RiskrelayDown") || len(rules) != 10 {
		t.Errorf("%d alerts: %v", len(rules), rules)
	}
}
