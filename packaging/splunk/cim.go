package splunk

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

//go:embed cim.txt
var cimText string

// model is a data model of CIM.
type model struct {
	name   string
	fields []string
}

// mapping is how the events of a table become events of CIM.
type mapping struct {
	table  string
	models []string
	evals  map[string]string // expressions by field, with %PATH%
	none   map[string]string // by field, why no column fills it
}

// cim is cim.txt.
type cim struct {
	models []model
	all    mapping                      // what holds for each table
	none   map[string]map[string]string // by model ("" for any) and field
	tables []mapping
	lets   map[string]string
}

// readCIM reads the text of cim.txt.
func readCIM(text string) (*cim, error) {
	c := &cim{none: map[string]map[string]string{}, lets: operations(), all: mapping{evals: map[string]string{}, none: map[string]string{}}}
	at := &c.all
	for n, line := range joined(text) {
		if err := c.read(line, &at); err != nil {
			return nil, fmt.Errorf("cim.txt: statement %d, %.60q: %w", n+1, line, err)
		}
	}
	return c, nil
}

// joined are the lines without comments, each with those that go on with it.
func joined(text string) (all []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			all[len(all)-1] += " " + strings.TrimSpace(line)
		default:
			all = append(all, line)
		}
	}
	return all
}

func (c *cim) read(line string, at **mapping) error {
	if name, expression, ok := strings.Cut(line, " = "); ok {
		expression, err := c.fillIn(expression)
		if err != nil {
			return err
		}
		if let, ok := strings.CutPrefix(name, "let "); ok {
			c.lets[let] = expression
			return nil
		}
		(*at).evals[name] = expression
		delete((*at).none, name)
		return nil
	}
	words := strings.Fields(line)
	switch words[0] {
	case "fields":
		c.models = append(c.models, model{words[1], words[2:]})
	case "all":
	case "table":
		return c.begin(words[1:], at)
	case "like":
		return c.like(words[1], *at)
	case "model":
		(*at).models = append((*at).models, words[1:]...)
	case "none":
		return c.readNone(strings.TrimPrefix(line, "none "), *at)
	default:
		return fmt.Errorf("unknown word %q", words[0])
	}
	return nil
}

func (c *cim) begin(words []string, at **mapping) error {
	if _, known := schema.Lookup(words[0]); !known {
		return fmt.Errorf("no table is called %s", words[0])
	}
	m := mapping{table: words[0], evals: maps.Clone(c.all.evals), none: map[string]string{}}
	c.tables = append(c.tables, m)
	*at = &c.tables[len(c.tables)-1]
	return nil
}

func (c *cim) like(table string, at *mapping) error {
	other, ok := c.mapping(table)
	if !ok {
		return fmt.Errorf("%s doesn't stand above", table)
	}
	at.models = slices.Clone(other.models)
	maps.Copy(at.evals, other.evals)
	maps.Copy(at.none, other.none)
	return nil
}

func (c *cim) readNone(text string, at *mapping) error {
	names, why, ok := strings.Cut(text, ": ")
	if !ok {
		return fmt.Errorf("say why, behind a colon")
	}
	fields, in := strings.Fields(names), ""
	if slices.ContainsFunc(c.models, func(m model) bool { return m.name == fields[0] }) {
		in, fields = fields[0], fields[1:]
	}
	for _, field := range fields {
		if at == &c.all {
			if c.none[in] == nil {
				c.none[in] = map[string]string{}
			}
			c.none[in][field] = why
			continue
		}
		at.none[field] = why
		if at.evals[field] != c.all.evals[field] || field == "id" {
			delete(at.evals, field)
		}
	}
	return nil
}

// mapping is that of a table, with what holds for each table; false for one that stands in no line.
func (c *cim) mapping(table string) (mapping, bool) {
	i := slices.IndexFunc(c.tables, func(m mapping) bool { return m.table == table })
	if i < 0 {
		m := c.all
		m.table = table
		return m, false
	}
	return c.tables[i], true
}

var letName = regexp.MustCompile(`@([a-z_]+)`)

// fillIn puts the texts of lets in the places of their names.
func (c *cim) fillIn(expression string) (out string, err error) {
	return letName.ReplaceAllStringFunc(expression, func(name string) string {
		text, known := c.lets[name[1:]]
		if !known {
			err = fmt.Errorf("%s isn't defined above", name)
		}
		return text
	}), err
}

// operations are the lets that say what kind of access an operation on a key vault is.
func operations() map[string]string {
	all := map[string]string{}
	for _, class := range []string{"acl", "control", "delete", "write"} {
		all[class] = isOperation(schema.VaultOperations(class))
	}
	var makes []string
	for _, o := range schema.VaultOperations("write") {
		if strings.HasSuffix(o, "create") || strings.HasSuffix(o, "import") || o == "secretset" {
			makes = append(makes, o)
		}
	}
	all["create"] = isOperation(append(makes, "vaultcreate"))
	all["delete"] = isOperation(append(schema.VaultOperations("delete"), "vaultpurge"))
	return all
}

func isOperation(names []string) string {
	return `match(%OperationName%,"(?i)^(` + strings.Join(names, "|") + `)$")`
}
