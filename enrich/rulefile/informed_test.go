package rulefile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

const told = `{"verified_domains":["Told.Example"],"dns":{"a.example":"nxdomain","b.example":"resolves"},
	"lists":{"privileged_users":["told@told.example"],"mine":["told"]},"applications":[{"id":"told"}],"seen":{"x":["told"]},"awaited":["lists.later"]}`

// loaded is the context that comes of an operator's file and what a module knows.
func loaded(t *testing.T, own, module string) rulefile.Context {
	t.Helper()
	set, problems := rulefile.Load(enrich.Config{
		Files:    []enrich.File{{Name: "own.yaml", Data: []byte(own)}, {Name: "module:directory", Data: []byte(module)}},
		Settings: []byte(`{"context_file": "own.yaml", "informed": ["module:directory"]}`),
	})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return set.Settings.Context
}

func TestWhatAModuleKnowsLiesUnderTheContext(t *testing.T) {
	c := loaded(t, "", told)
	if !reflect.DeepEqual(c.VerifiedDomains, []string{"told.example"}) || len(c.DNS) != 2 || len(c.Lists) != 2 || len(c.Applications) != 1 ||
		len(c.Seen) != 1 || c.Awaited["lists.later"] != "directory" {
		t.Errorf("with an empty context: %+v", c)
	}
	c = loaded(t, `{verified_domains: [own.example], applications: [], dns: {a.example: resolves}, lists: {mine: [own]}, seen: {x: [own]}}`, told)
	if !reflect.DeepEqual(c.VerifiedDomains, []string{"own.example"}) || c.Applications == nil || len(c.Applications) != 0 {
		t.Errorf("the operator's parts don't win: %+v", c)
	}
	if c.DNS["a.example"] != "resolves" || c.DNS["b.example"] != "resolves" || c.Lists["mine"][0] != "own" ||
		c.Lists["privileged_users"][0] != "told@told.example" || c.Seen["x"][0] != "own" {
		t.Errorf("names don't win one by one: %+v", c)
	}
	if c = loaded(t, "lists: {mine: [own]}", ""); c.VerifiedDomains != nil || c.Applications != nil || len(c.Lists) != 1 {
		t.Errorf("a module that knows nothing: %+v", c)
	}
}

func TestWhatAModuleTellsIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		`{"business_hours": {}}`:          "unknown field",
		`{"applications": {}}`:            "is no context",
		`[`:                               "is no context",
		strings.Repeat(" ", 32<<20) + " ": "bytes long",
	} {
		if _, problems := rulefile.ParseInformed("module:x", []byte(text)); len(problems) != 1 || !strings.Contains(problems.Error(), want) {
			t.Errorf("%.40q: problems are %v, want %q", text, problems, want)
		}
	}
	_, problems := rulefile.Load(enrich.Config{Settings: []byte(`{"informed": ["module:gone"]}`)})
	if err := problems.Err(); err == nil || !strings.Contains(err.Error(), "module:gone") {
		t.Errorf("a file that isn't there: %v", err)
	}
}
