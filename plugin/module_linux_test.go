package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

// TestMain lets the test binary be the fences, the modules and the host that tests start.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "fence" {
		fmt.Fprintln(os.Stderr, fence.Run(os.Args[2]))
		os.Exit(4)
	}
	if len(os.Args) == 3 && os.Args[1] == "module" {
		switch mode, certificate, _ := strings.Cut(os.Args[2], " "); mode {
		case "cel":
			Serve(celrule.New())
		case "mute":
			beMute(certificate)
		default:
			Serve(&module{mode: mode})
		}
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "host" {
		beHost()
		return
	}
	goleak.VerifyTestMain(m)
}

// beMute greets with the certificate, and takes connections without a word.
func beMute(certificate string) {
	path := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "mute")
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	fmt.Printf("1|1|unix|%s|grpc|%s\n", path, certificate)
	var connections []net.Conn
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		connections = append(connections, c)
		fmt.Fprintln(os.Stderr, "connection", len(connections))
	}
}

// module is a rule module whose mode says what is wrong with it; "good" tags events whose column Word holds its
// setting.
type module struct {
	mode   string
	config atomic.Pointer[enrich.Config]
}

func (m *module) Describe(context.Context) (enrich.Description, error) {
	d := enrich.Description{Name: "word", Version: "1.0.0"}
	d.Selector = enrich.Selector{Tables: []string{"AuditLogs"}, Columns: []string{"Word"}}
	d.Rules = []enrich.RuleInfo{{ID: "test.word", Title: "Word", Pack: "test@1.0.0", Severity: enrich.Low}}
	switch m.mode {
	case "bad-name":
		d.Name = "No Good\n"
	case "all-columns":
		d.Selector.Columns = nil
	case "crash-describe":
		panic("no description")
	}
	return d, nil
}

func (m *module) Configure(_ context.Context, c enrich.Config) error {
	switch string(c.Settings) {
	case "refuse":
		return errors.New("settings:1:1: error: refuse is no word\n   1 | refuse\n     | ^^^^^^")
	case "refuse at length":
		return errors.New(strings.Repeat("a problem\n", 100_000))
	case "crash":
		panic("configured to death")
	}
	m.config.Store(&c)
	return nil
}

func (m *module) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	lists := make([][]enrich.Tag, len(events))
	config := m.config.Load()
	for i := range events {
		word := events[i].Text("Word")
		switch {
		case m.mode == "crash" && word == "poison":
			panic("poisoned by " + events[i].ID)
		case m.mode == "crash-always":
			panic("no reason")
		case m.mode == "exit" && word == "poison":
			fmt.Fprintln(os.Stderr, "I give up")
			os.Exit(7)
		case m.mode == "hang" && word == "poison":
			<-ctx.Done()
			select {}
		case m.mode == "error":
			return nil, errors.New("can't judge anything")
		case m.mode == "huge" && word == "poison":
			lists[i] = []enrich.Tag{{Rule: "test.word", Severity: enrich.Low, Message: strings.Repeat("x", 1<<20)}}
		case m.mode == "wild" && word == "poison":
			lists[i] = []enrich.Tag{{Rule: "no good\nat=all", Severity: enrich.Low}}
		case m.mode == "child":
			if err := exec.Command("/bin/sleep", "3600").Start(); err != nil {
				return nil, err
			}
		case config != nil && word != "" && word == string(config.Settings):
			lists[i] = []enrich.Tag{{Rule: "test.word", Severity: enrich.Low, Score: 20, Message: "said " + word}}
		}
	}
	if m.mode == "short" {
		lists = lists[1:]
	}
	return lists, nil
}

// options are those to launch the test binary as a module. It has more time than any machine needs.
func options(t testing.TB, mode string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Path: self, Args: []string{"module", mode}, Env: []string{"GORACE=atexit_sleep_ms=0", "GOCOVERDIR=" + os.Getenv("GOCOVERDIR")},
		StartTimeout: time.Hour, TagTimeout: time.Hour, Fence: fenced(),
	}
}

// fenced is the narrowest fence, which this program puts up.
func fenced() *fence.Options { return &fence.Options{Launcher: []string{"fence"}} }

// parental is a fence for programs that start others.
func parental() *fence.Options {
	f := fenced()
	f.Limits.Processes = 8
	return f
}

func launch(t testing.TB, o Options) *Process {
	t.Helper()
	p, err := Launch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}
