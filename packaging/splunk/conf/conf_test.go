package conf_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/packaging/splunk/conf"
)

func TestRead(t *testing.T) {
	got, err := conf.Read("savedsearches", "# a comment\n[a search - Rule]\nsearch = index=x \\\n| head 1\ncounttype = number of events\naction.risk.param._risk = [{}]\n\n[b]\ndisabled = 1\n")
	if err != nil {
		t.Fatal(err)
	}
	want := conf.Stanzas{
		"a search - Rule": {"search": "index=x \n| head 1", "counttype": "number of events", "action.risk.param._risk": "[{}]"},
		"b":               {"disabled": "1"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestMistakes: each would be passed over in silence, or hold for all apps.
func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"misspelt":                {"props", "[a]\nKV_MOD = json\n", "line 2: KV_MOD isn't documented"},
		"another file's":          {"fields", "[a]\nsearch = x\n", "search isn't documented"},
		"no truth":                {"fields", "[a]\nINDEXED = yes\n", `INDEXED can't be "yes"`},
		"no number":               {"props", "[a]\nTRUNCATE = none\n", "TRUNCATE can't be"},
		"another word":            {"props", "[a]\nKV_MODE = jsn\n", "KV_MODE can't be"},
		"a stanza twice":          {"props", "[a]\nKV_MODE = json\n[a]\n", "line 3: [a] is there twice"},
		"a setting twice":         {"props", "[a]\nKV_MODE = json\nKV_MODE = json\n", "KV_MODE is there twice"},
		"for all":                 {"props", "[default]\nKV_MODE = json\n", "[default] is no name"},
		"before a stanza":         {"props", "KV_MODE = json\n", "before the first stanza"},
		"blank behind backslash":  {"eventtypes", "[a]\nsearch = x \\ \ny\n", "line 2: blanks at the end"},
		"no setting":              {"props", "[a]\nKV_MODE\n", "is no stanza, setting or comment"},
		"lines of Windows":        {"props", "[a]\r\n", "line 1: it isn't UTF-8"},
		"a name that isn't there": {"tags", "[sourcetype=x]\nalert = enabled\n", "is no name for a stanza here"},
		"no such file":            {"outputs", "", "no such file is known"},
	} {
		if _, err := conf.Read(c.file, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("[a]\nKV_MODE = json\n")
	f.Add("[a\nx = \\\n\\")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = conf.Read("props", text) // which doesn't panic
	})
}
