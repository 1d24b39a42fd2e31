package splunk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// demonstrated is what `riskrelay demo` sends to its collector, with summaries of it, as the app's Splunk would have it. Events remember
// what was calculated of them, so all tests share them, one after the other.
func demonstrated(t *testing.T) (*spl.Knowledge, []*spl.Event) {
	t.Helper()
	d, err := replayed()
	if err != nil {
		t.Fatal(err)
	}
	return d.knowledge, slices.Clone(d.events)
}

type demonstration struct {
	knowledge *spl.Knowledge
	events    []*spl.Event
}

var replayed = sync.OnceValues(func() (d demonstration, err error) {
	lines, err := demo()
	if err != nil {
		return d, err
	}
	golden, err := os.ReadFile(goldenSummary)
	if err != nil {
		return d, err
	}
	app, err := replay.Read("riskrelay")
	if err == nil {
		d.knowledge, d.events, err = app.Replay(lines, golden)
	}
	return d, err
})

// demo runs `riskrelay demo` and returns what its collector got, one envelope a line.
func demo() ([]byte, error) {
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
}
