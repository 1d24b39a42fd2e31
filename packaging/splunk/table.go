package splunk

import (
	"fmt"
	"slices"
	"strings"
)

// markdown is the text of CIM.md: of each table and field of its models what fills it, or why nothing does.
func (c *cim) markdown() (string, error) {
	var out strings.Builder
	out.WriteString(`# Which column fills which field of CIM

Written by ` + "`make generate`" + ` from [cim.txt](cim.txt); the same lines make the app's props.conf. Events that a rule matched belong to
*Alerts* beside what is said here, whatever their table. In ` + "`shape: stream`" + ` the columns stand where the record has them.
`)
	for _, m := range c.tables {
		if len(m.models) == 0 {
			continue
		}
		if err := c.section(&out, m.table, m, m.models); err != nil {
			return "", err
		}
	}
	out.WriteString("\nOf the other tables none of Change and Authentication is about. What a rule says of their events:\n")
	return out.String(), c.section(&out, "Every table, when a rule matched", c.all, []string{"alert"})
}

func (c *cim) section(out *strings.Builder, title string, m mapping, models []string) error {
	fmt.Fprintf(out, "\n## %s\n\n| model | field | filled from |\n|-|-|-|\n", title)
	for _, model := range c.models {
		if !slices.Contains(models, model.name) {
			continue
		}
		for _, field := range model.fields {
			from, err := c.filledFrom(m, model.name, field)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "| %s | `%s` | %s |\n", model.name, field, from)
		}
	}
	return nil
}

func (c *cim) filledFrom(m mapping, model, field string) (string, error) {
	if why := m.none[field]; why != "" {
		return "nothing: " + why, nil
	}
	if e, ok := m.evals[field]; ok {
		return source(e), nil
	}
	if given := fieldsOtherwise()[field]; given != "" {
		return given, nil
	}
	for _, in := range []string{model, ""} {
		if why := c.none[in][field]; why != "" {
			return "nothing: " + why, nil
		}
	}
	return "", fmt.Errorf("cim.txt: nothing fills %s of model %s in %s, and no line says why", field, model, m.table)
}

// fieldsOtherwise are fields that another way than an expression gives.
func fieldsOtherwise() map[string]string {
	return map[string]string{
		"signature":          "the rule's title in the lookup `riskrelay_rules`, by `signature_id`",
		"mitre_technique_id": "the indexed field of that name",
	}
}

// source names the columns that an expression reads, or the text that it always is.
func source(expression string) string {
	all := paths(expression)
	if len(all) == 0 {
		return "always `" + strings.Trim(expression, `"`) + "`"
	}
	for i, p := range all {
		all[i] = "`" + p + "`"
	}
	return strings.Join(all, ", ")
}
