package plugintest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/plugintest"
)

// module tags every event with its setting, and has the fault that fault names.
type module struct {
	fault string
	mu    sync.Mutex
	word  string
	calls int
}

func (m *module) Describe(context.Context) (enrich.Description, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := enrich.Description{Name: "word", Version: "1.0.0"}
	switch m.fault {
	case "changing name":
		d.Name += m.word
	case "selector":
		d.Selector.Tables = []string{"Other"}
	}
	return d, nil
}

func (m *module) Configure(_ context.Context, c enrich.Config) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if string(c.Settings) == "bad" && m.fault != "takes everything" {
		if m.fault == "half configured" {
			m.word = ""
		}
		return errors.New("a bad word")
	}
	m.word = string(c.Settings)
	return nil
}

func (m *module) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	lists := make([][]enrich.Tag, len(events))
	for i := range events {
		if m.word != "" && events[i].Table == "AuditLogs" {
			lists[i] = []enrich.Tag{{Rule: m.word, Severity: enrich.Low, Message: events[i].Text("OperationName")}}
		}
	}
	switch {
	case m.fault == "no empty batch" && len(events) == 0:
		return nil, errors.New("nothing to do")
	case m.fault == "short" && len(events) > 1:
		return lists[1:], nil
	case m.fault == "shuffled" && len(events) > 1:
		lists[0], lists[1] = lists[1], lists[0]
	case m.fault == "forgetful" && m.calls > 2:
		clear(lists)
	case m.fault == "fragile" && len(events) > 0 && events[0].Columns() == nil:
		return nil, errors.New("no columns")
	case m.fault == "sick after cancel" && ctx.Err() != nil:
		m.word = ""
	case m.fault == "writes" && len(events) > 0:
		events[0].Risk.Add("word", lists[0])
	}
	return lists, nil
}

func options(t *testing.T) plugintest.Options {
	o := plugintest.Options{Config: enrich.Config{Settings: []byte("fish")}, Bad: []enrich.Config{{Settings: []byte("bad")}}}
	for _, text := range []string{`{"Type":"AuditLogs","OperationName":"A"}`, `{"Type":"AuditLogs","OperationName":"B"}`} {
		table, _, row, err := enrich.NewObjectParser(nil).Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		o.Events = append(o.Events, enrich.NewEvent(table, row))
	}
	return o
}

// faultVariable names the fault of the module that TestModule tests, when TestFaultsAreFound runs it.
const faultVariable = "PLUGINTEST_FAULT"

func TestModule(t *testing.T) {
	plugintest.TestModule(t, func(*testing.T) enrich.Module { return &module{fault: os.Getenv(faultVariable)} }, options(t))
}

// TestFaultsAreFound runs the suite on modules with a fault and wants it to fail where the fault is.
func TestFaultsAreFound(t *testing.T) {
	for fault, want := range map[string]string{
		"changing name":     "DescribeBeforeConfigure",
		"selector":          "Describe",
		"takes everything":  "BadConfigChangesNothing",
		"half configured":   "BadConfigChangesNothing",
		"no empty batch":    "EmptyBatch",
		"short":             "Tag",
		"shuffled":          "OneListPerEventInOrder",
		"forgetful":         "OneListPerEventInOrder",
		"fragile":           "StrangeRows",
		"sick after cancel": "Canceled",
		"writes":            "EventsAreNotChanged",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			self := exec.Command(os.Args[0], "-test.run=^TestModule$")
			self.Env = append(os.Environ(), faultVariable+"="+fault)
			out, err := self.CombinedOutput()
			if exit := new(exec.ExitError); !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: TestModule/"+want+" ") {
				t.Errorf("the suite ended with %v, without a failure of %s:\n%s", err, want, out)
			}
		})
	}
}
