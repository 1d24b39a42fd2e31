package rulefile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// ParseInformed reads what a module knows: a JSON object with the keys verified_domains, dns, lists, applications, seen and awaited,
// as enrich.Informer describes them. It is written by a program, and may hold all applications of a tenant, so it is read in
// one go, without places for people. The problem, if any, is about the whole.
func ParseInformed(name string, data []byte) (Context, diag.Problems) {
	var told struct {
		VerifiedDomains []string            `json:"verified_domains"`
		DNS             map[string]string   `json:"dns"`
		Lists           map[string][]string `json:"lists"`
		Applications    []json.RawMessage   `json:"applications"`
		Seen            map[string][]string `json:"seen"`
		Awaited         []string            `json:"awaited"`
	}
	wrong := func(code, format string, args ...any) (Context, diag.Problems) {
		return Context{}, diag.Problems{{Pos: diag.Pos{File: name}, Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	if len(data) > MaxContext {
		return wrong(CodeFile, "what the module tells is %d bytes long, more than %d", len(data), MaxContext)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&told); err != nil && err != io.EOF {
		return wrong(CodeValue, "what the module tells is no context: %v", err)
	}
	for i, name := range told.VerifiedDomains {
		told.VerifiedDomains[i] = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	c := Context{
		VerifiedDomains: told.VerifiedDomains, DNS: told.DNS, Lists: told.Lists, Applications: told.Applications, Seen: told.Seen,
	}
	for _, part := range told.Awaited {
		if c.Awaited == nil {
			c.Awaited = map[string]string{}
		}
		c.Awaited[part] = moduleOf(name)
	}
	return c, nil
}

// InformedPrefix begins the names of files that hold what a module knows; its name follows. No file on a disk is called
// so, as paths there end in a name with an extension.
const InformedPrefix = "module:"

func moduleOf(name string) string { return strings.TrimPrefix(name, InformedPrefix) }

// under fills what c doesn't say from what a module knows: verified_domains and applications as a whole, dns, lists and seen
// name by name.
func (c *Context) under(told Context) {
	if c.VerifiedDomains == nil {
		c.VerifiedDomains = told.VerifiedDomains
	}
	if c.Applications == nil {
		c.Applications = told.Applications
	}
	c.DNS, c.Lists, c.Seen = filled(c.DNS, told.DNS), filled(c.Lists, told.Lists), filled(c.Seen, told.Seen)
	for part, module := range told.Awaited {
		if c.Awaited == nil {
			c.Awaited = map[string]string{}
		}
		c.Awaited[part] = module
	}
}

// filled is own with what it lacks from told. Neither is changed when told is empty.
func filled[V any](own, told map[string]V) map[string]V {
	if len(told) == 0 {
		return own
	}
	whole := make(map[string]V, len(own)+len(told))
	for _, from := range []map[string]V{told, own} {
		for name, value := range from {
			whole[name] = value
		}
	}
	return whole
}
