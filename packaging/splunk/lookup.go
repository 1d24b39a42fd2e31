package splunk

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// rulesCSV is the lookup of the built-in rules, by id.
func rulesCSV(ctx context.Context) ([]byte, error) {
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil {
		return nil, err
	}
	module := celrule.New()
	if err := module.Configure(ctx, config); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"id", "title", "severity", "score", "guide", "anchor", "mitre", "tables", "description", "falsepositives", "runbook"}}
	for _, listed := range module.List() {
		about, err := module.Detail(ctx, listed.ID)
		if err != nil {
			return nil, err
		}
		d := about.Declared
		rows = append(rows, []string{
			listed.ID, listed.Title, listed.Severity.String(), strconv.Itoa(listed.Score), strings.Join(listed.Guide, " "), anchor(d),
			strings.Join(listed.Mitre, " "), strings.Join(listed.Tables, " "), oneLine(d.Description.Value), falsePositives(d), runbook(d.Runbook.Value),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write the lookup of rules: %w", err)
	}
	return out.Bytes(), nil
}

// article is the page of the guide to which the anchors belong.
const article = "https://learn.microsoft.com/entra/architecture/security-operations-applications#"

// anchor is the section of the guide that a rule implements.
func anchor(r *rulefile.Rule) string {
	for _, reference := range r.References {
		if section, ok := strings.CutPrefix(reference.Value, article); ok {
			return section
		}
	}
	return ""
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func falsePositives(r *rulefile.Rule) string {
	var all []string
	for _, text := range r.FalsePositives {
		all = append(all, oneLine(text.Value))
	}
	return strings.Join(all, " // ")
}

// runbook is a rule's runbook with " // " between its steps, as a cell of a lookup is one line.
func runbook(text string) string {
	return oneLine(regexp.MustCompile(`(?m)^\s*([2-9]|[1-9][0-9])\.`).ReplaceAllString(strings.TrimSpace(text), "// $1."))
}
