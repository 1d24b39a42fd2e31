package splunk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// goldenSummary is an event of the table RiskrelaySummary, which a test of host/proof holds.
const goldenSummary = "../../host/proof/testdata/summary.json"

// app is the app in this folder.
func app(t *testing.T) *replay.App {
	t.Helper()
	a, err := replay.Read("riskrelay")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// demonstrated is what `riskrelay demo` sends to its collector, with summaries of it, as the app's Splunk would have it.
func demonstrated(t *testing.T) (*spl.Knowledge, []*spl.Event) {
	t.Helper()
	lines, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(goldenSummary)
	if err != nil {
		t.Fatal(err)
	}
	k, events, err := app(t).Replay(lines, golden)
	if err != nil {
		t.Fatal(err)
	}
	return k, events
}

// demo runs `riskrelay demo` once and returns what its collector got, one envelope a line.
var demo = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "riskrelay-splunk-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "riskrelay")
	for _, command := range [][]string{
		{"go", "build", "-o", binary, "github.com/riskrelay/riskrelay/host/cmd/riskrelay"},
		{binary, "demo", "--events", "3000", "--dir", filepath.Join(dir, "demo")},
	} {
		c := exec.Command(command[0], command[1:]...)
		c.Stderr = os.Stderr
		if err := c.Run(); err != nil {
			return nil, err
		}
	}
	return os.ReadFile(filepath.Join(dir, "demo", "events.ndjson"))
})
