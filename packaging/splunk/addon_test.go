package splunk_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
)

// TestAddon: the add-on's .conf files have documented settings only, its own among them as its inputs.conf.spec has them; nothing runs
// that nobody switched on; and its id is the name of its folder.
func TestAddon(t *testing.T) {
	addon, err := replay.Read("TA-riskrelay")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile("TA-riskrelay/README/inputs.conf.spec")
	if err != nil {
		t.Fatal(err)
	}
	common := map[string]bool{"disabled": true, "start_by_shell": true, "interval": true}
	for name, s := range addon.Conf["inputs"] {
		for key := range s {
			if documented := regexp.MustCompile(`(?m)^` + key + ` = `).Match(spec); !documented && !common[key] {
				t.Errorf("[%s]: inputs.conf.spec has no %s", name, key)
			}
		}
	}
	if main := addon.Conf["inputs"]["riskrelay_input://main"]; main["disabled"] != "true" {
		t.Errorf("the input runs as soon as the add-on is there: %v", main)
	}
	about := addon.Conf["app"]
	if about["package"]["id"] != "TA-riskrelay" || about["id"]["name"] != "TA-riskrelay" || about["id"]["version"] != about["launcher"]["version"] {
		t.Errorf("app.conf: %v", about)
	}
	if addon.Conf["meta"][""]["export"] != "system" {
		t.Errorf("default.meta: %v", addon.Conf["meta"])
	}
}
