package ruletest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// moduleSettings are the settings of a module, as rulefile.ParseSettings reads them.
type moduleSettings struct {
	Context     json.RawMessage `json:"context,omitempty"`
	ContextFile string          `json:"context_file,omitempty"`
	At          *time.Time      `json:"at,omitempty"`

	Unread map[string]string `json:"unread,omitempty"`
}

func (s moduleSettings) json() []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return nil // never: the context was written as JSON by rulefile
	}
	return text
}

// whole is a configuration of everything that there is.
func (r *runner) whole() enrich.Config {
	c := enrich.Config{Files: r.options.Files}
	if r.options.Context != "" || len(r.options.Unread) > 0 {
		c.Settings = moduleSettings{ContextFile: r.options.Context, Unread: r.options.Unread}.json()
	}
	return c
}

// config is the configuration that tests with the same settings see. Tuning files are for their own tests.
func (r *runner) config(group []*testCase) enrich.Config {
	out := enrich.Config{Settings: r.settings(group[0].test)}
	left := map[string]bool{}
	if group[0].test.Context.JSON != nil {
		left = r.contextFiles()
	}
	for _, f := range r.options.Files {
		if !left[f.Name] && (group[0].tuned || !r.tunings[f.Name]) {
			out.Files = append(out.Files, f)
		}
	}
	return out
}

// settings are the module's settings for a test, as JSON, which is YAML, too.
func (r *runner) settings(t rulefile.Test) []byte {
	s := moduleSettings{Context: t.Context.JSON, Unread: r.options.Unread}
	if t.Context.JSON == nil {
		s.ContextFile = r.options.Context
	}
	if !t.At.IsZero() {
		s.At = &t.At
	}
	return s.json()
}

// contextFiles are the context file and the files that only its lists are read from: without the context they would be
// taken for rule files.
func (r *runner) contextFiles() map[string]bool {
	out := map[string]bool{}
	if r.options.Context == "" {
		return out
	}
	var others []string
	for _, f := range r.options.Files {
		if f.Name != r.options.Context {
			others = append(others, rulefile.References(f.Name, f.Data)...)
			continue
		}
		out[f.Name] = true
		for _, name := range rulefile.ContextReferences(f.Name, f.Data) {
			out[name] = true
		}
	}
	for name := range out {
		if slices.Contains(others, name) {
			delete(out, name)
		}
	}
	return out
}
