package host

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestRepeatedBySink computes from a configuration how many batches of a window a crash sends again at most, and holds that
// the README says the same.
func TestRepeatedBySink(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/token", []byte("fake-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Defaults()
	text := fmt.Sprintf(`
sinks:
  splunk_hec:
    - {name: default, url: "https://splunk.example.com:8088", token_file: %[1]s/token}
    - {name: one, requests: 1, url: "https://splunk.example.com:8088", token_file: %[1]s/token}
    - {name: five, requests: 5, url: "https://splunk.example.com:8088", token_file: %[1]s/token}
  syslog: [{name: syslog, address: "logs.example.com:6514", receiver: rsyslog}]
  file: [{name: file, path: %[1]s/events}]
`, dir)
	if problems := c.Read("c.yaml", []byte(text), os.LookupEnv); len(problems) > 0 {
		t.Fatal(problems)
	}
	sinks, err := buildSinks(c.Sinks.All())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"default": 2 + 8, "one": 2 + 8, "five": 5 + 8, "syslog": 16 + 8, "file": 1 + 8}
	for _, s := range sinks {
		defer s.sink.Close()
		sink := pipeline.Outlet{Concurrency: s.sends}
		if got := sink.Repeated(); got != want[s.name] {
			t.Errorf("%s: %d batches, not %d", s.name, got, want[s.name])
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "2 batches for HEC and Sumo Logic (`requests` where that is more), 16 for syslog, 1 for a file, and at most 8") {
		t.Error("the README says something else")
	}
}
