//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
)

// splunkd does what Splunk's daemon does with the add-on: it calls the program by its path, without a command, and writes XML to
// its standard input. https://help.splunk.com/en/splunk-enterprise/developing-views-and-apps-for-splunk-web/9.3/modular-inputs
type splunkd struct {
	t           *testing.T
	home        string            // $SPLUNK_HOME
	settings    map[string]string // of the input "main"
	checkpoints string
}

// sessionKey is what splunkd hands to each input. Nobody may get to see it.
const sessionKey = "fake^session-key_0123456789"

// addon is the add-on's folder.
func (s *splunkd) addon() string { return filepath.Join(s.home, "etc/apps/TA-riskrelay") }

// newSplunkd installs the add-on as its archive has it, with the program.
func newSplunkd(t *testing.T, binary string) *splunkd {
	t.Helper()
	s := &splunkd{t: t, home: t.TempDir()}
	s.checkpoints = filepath.Join(s.home, "var/lib/splunk/modinputs/riskrelay_input")
	s.settings = map[string]string{
		"config_file": "local/riskrelay.yaml", "log_level": "debug",
		"disabled": "0", "host": "siem", "index": "default", "interval": "0", "start_by_shell": "false", // Splunk's own
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.CopyFS(s.addon(), os.DirFS("../../packaging/splunk/TA-riskrelay")))
	for _, dir := range []string{s.checkpoints, filepath.Join(s.addon(), "local"), filepath.Dir(s.program())} {
		must(os.MkdirAll(dir, 0o700))
	}
	must(os.Link(binary, s.program()))
	return s
}

func (s *splunkd) program() string {
	return filepath.Join(s.addon(), "linux_x86_64/bin/riskrelay_input")
}

// write writes a file into the add-on's folder local, and returns its path.
func (s *splunkd) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.addon(), "local", name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// example writes the files that the example of a configuration names.
func (s *splunkd) example(t *testing.T) {
	t.Helper()
	s.write("client-secret", "not-a-real-secret")
	s.write("hec-token", "fake-token")
	auth := filepath.Join(s.home, "etc/auth")
	ca, err := endpointtest.NewCA()
	if err == nil {
		err = os.MkdirAll(auth, 0o700)
	}
	var file string
	if err == nil {
		file, err = ca.WriteFile(auth)
	}
	if err == nil {
		err = os.Rename(file, filepath.Join(auth, "cacert.pem"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// document is the XML with the input's settings: <input> or <items>.
func (s *splunkd) document(run bool) string {
	var params strings.Builder
	for name, value := range s.settings {
		var text bytes.Buffer
		if err := xml.EscapeText(&text, []byte(value)); err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&params, "<param name=%q>%s</param>\n", name, &text)
	}
	server := fmt.Sprintf("<server_host>siem</server_host>\n<server_uri>https://127.0.0.1:8089</server_uri>\n<session_key>%s</session_key>\n"+
		"<checkpoint_dir>%s</checkpoint_dir>\n", sessionKey, s.checkpoints)
	if run {
		return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<input>\n" + server +
			"<configuration>\n<stanza name=\"riskrelay_input://main\" app=\"TA-riskrelay\">\n" + params.String() + "</stanza>\n</configuration>\n</input>\n"
	}
	return "<items>\n" + server + "<item name=\"main\">\n" + params.String() + "</item>\n</items>\n"
}

func (s *splunkd) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, s.program(), args...)
	c.Dir = "/" // as a service has it
	c.Env = append(os.Environ(), "SPLUNK_HOME="+s.home, "SPLUNK_DB="+filepath.Join(s.home, "var/lib/splunk"))
	return c
}

// call is a call that ends by itself: --scheme or --validate-arguments.
func (s *splunkd) call(input string, args ...string) (code int, stdout string) {
	s.t.Helper()
	c := s.command(s.t.Context(), args...)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &out, &errs
	if err := c.Run(); c.ProcessState == nil {
		s.t.Fatal(err)
	}
	s.wellSaid(out.String(), strings.Split(strings.TrimSpace(errs.String()), "\n"))
	return c.ProcessState.ExitCode(), out.String()
}

// levelled is a line in which splunkd finds the level.
var levelled = regexp.MustCompile(`^(DEBUG|INFO|WARN|ERROR|FATAL) \S`)

// wellSaid checks that each line of the log says its level, and that the session key is nowhere.
func (s *splunkd) wellSaid(stdout string, log []string) {
	s.t.Helper()
	for _, line := range log {
		if line != "" && !levelled.MatchString(line) {
			s.t.Errorf("splunkd takes this for an error: %q", line)
		}
	}
	if strings.Contains(stdout+strings.Join(log, "\n"), sessionKey) {
		s.t.Errorf("the session key is told: %s\n%s", stdout, strings.Join(log, "\n"))
	}
}

// input is a running modular input, and splunkd's ends of its pipes.
type input struct {
	*program
	splunkd *splunkd
	stdin   io.Closer // splunkd's end; closed already, as a rule
	stdout  *os.File
}

// start starts the input. Splunkd closes the input behind the document; keep leaves it open.
func (s *splunkd) start(keep bool) *input {
	s.t.Helper()
	c := s.command(context.WithoutCancel(s.t.Context()))
	stdin, err := c.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	stderr, err := c.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	c.Stdout = write
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	_ = write.Close() // it is the program's
	i := &input{program: &program{cmd: c, exited: make(chan struct{})}, splunkd: s, stdin: stdin, stdout: read}
	go func() {
		i.read(stderr)
		i.err = c.Wait()
		close(i.exited)
	}()
	s.t.Cleanup(func() { i.kill(); _ = read.Close() }) // it may be closed already
	if _, err := io.WriteString(stdin, s.document(true)); err != nil {
		s.t.Fatal(err)
	}
	if !keep {
		_ = stdin.Close() // it may be gone already
	}
	return i
}

// await waits until the log says a text.
func (i *input) await(text string) {
	i.splunkd.t.Helper()
	if err := poll(i.splunkd.t.Context(), func() bool { return i.says(text) || !i.running() }); err != nil || !i.says(text) {
		i.splunkd.t.Fatalf("the log never says %q: %v\n%s", text, err, i.last())
	}
}

// ends waits until the program has ended and returns its exit code.
func (i *input) ends() int {
	i.splunkd.t.Helper()
	<-i.exited
	i.splunkd.wellSaid("", i.log)
	return i.cmd.ProcessState.ExitCode()
}
