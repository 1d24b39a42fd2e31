package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/plugintest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const settings = "zone: Europe/Berlin\nfrom: \"07:00\"\nto: \"19:00\"\n"

func event(t *testing.T, at string) enrich.Event {
	t.Helper()
	_, _, row, err := enrich.NewObjectParser(nil).Parse(fmt.Appendf(nil, `{"TimeGenerated":%q,"OperationName":"Add owner to application"}`, at))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.NewEvent("AuditLogs", row)
}

func TestTag(t *testing.T) {
	m := new(module)
	if err := m.Configure(t.Context(), enrich.Config{Settings: []byte(settings)}); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-11-23T05:59:59Z": "Add owner to application at Mon 06:59 CET",
		"2026-11-23T06:00:00Z": "",
		"2026-11-23T17:59:59Z": "",
		"2026-11-23T18:00:00Z": "Add owner to application at Mon 19:00 CET",
		"2026-11-21T12:00:00Z": "Add owner to application at Sat 13:00 CET",
		"2026-07-01T05:00:00Z": "", // summer time
	} {
		lists, err := m.Tag(t.Context(), []enrich.Event{event(t, at)})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if len(lists[0]) == 1 {
			got = lists[0][0].Message
		}
		if got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

func options(t *testing.T) plugintest.Options {
	o := plugintest.Options{
		Config: enrich.Config{Settings: []byte(settings)},
		Events: []enrich.Event{event(t, "2026-11-21T12:00:00Z"), event(t, "2026-11-23T22:00:00Z")},
	}
	for _, bad := range []string{"", "from: 7", "form: \"07:00\"", "from: \"19:00\"\nto: \"07:00\"", "zone: Nowhere/Nothing\n" + settings[20:], ":"} {
		o.Bad = append(o.Bad, enrich.Config{Settings: []byte(bad)})
	}
	return o
}

func TestInProcess(t *testing.T) {
	plugintest.TestModule(t, func(*testing.T) enrich.Module { return new(module) }, options(t))
}

func TestAsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offhours")
	c := exec.Command("go", "build", "-o", path, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build the module: %v\n%s", err, out)
	}
	plugintest.TestModule(t, func(t *testing.T) enrich.Module {
		p, err := plugin.Launch(t.Context(), plugin.Options{Path: path, StartTimeout: time.Hour, TagTimeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p
	}, options(t))
}
