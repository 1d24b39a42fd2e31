// Package test tries what Prometheus and Grafana get: that they take it, and that riskrelay has what it asks for. It is a module
// of its own, so that Prometheus stays out of the product's dependencies.
package test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

const product = "../../.."

var row = regexp.MustCompile("(?m)^\\| `(riskrelay_[a-z_]+)` \\| (counter|gauge) \\| ([^|]*) \\|")

// documented are the labels of each metric, by name: those of the table in host/admin/README.md, which is made from the code, and
// those that the libraries for Go and processes add.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(product + "/host/admin/README.md")
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{"up": nil, "process_resident_memory_bytes": nil, "process_cpu_seconds_total": nil}
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		labels[found[1]] = strings.FieldsFunc(found[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
	}
	if len(labels) < 20 {
		t.Fatalf("host/admin/README.md has no table of metrics: %v", labels)
	}
	return labels
}

// every are the labels that Prometheus gives to all metrics of a job.
var every = []string{"job", "instance"}

// check holds that an expression is one, and that it asks for metrics and labels that are there. It returns the labels that its
// metrics have.
func check(t *testing.T, what, text string) (labels []string) {
	t.Helper()
	expression, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return nil
	}
	metrics := documented(t)
	labels = slices.Clone(every)
	var asked []string
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			of, known := metrics[n.Name]
			if !known {
				t.Errorf("%s asks for %s, which riskrelay hasn't", what, n.Name)
			}
			labels = append(labels, of...)
			for _, m := range n.LabelMatchers {
				if m.Name != "__name__" && !slices.Contains(slices.Concat(of, every), m.Name) {
					t.Errorf("%s asks for the label %s of %s, which hasn't it", what, m.Name, n.Name)
				}
			}
		case *parser.AggregateExpr:
			asked = append(asked, n.Grouping...)
		}
		return nil
	})
	for _, label := range asked {
		if !slices.Contains(labels, label) {
			t.Errorf("%s groups by %s, which its metrics haven't", what, label)
		}
	}
	return labels
}
