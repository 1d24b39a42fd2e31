package peer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// SyslogNG is a running syslog-ng.
type SyslogNG struct {
	Address  string // for syslog.Config: messages of RFC 5424 behind their length, over TLS
	Lines    string // for syslog.Config: messages in the manner of RFC 3164, one a line, over TCP
	CAFile   string // the authority of its certificate and of the client's
	CertFile string // the client's certificate, which syslog-ng asks for
	KeyFile  string
	out      string
	process  *process
}

// StartSyslogNG runs syslog-ng until the test ends. It takes what the system has, or what make test-deps has unpacked, as
// Debian's package can't be installed beside rsyslog's; when there is neither, the test fails and says what to do.
func StartSyslogNG(t testing.TB) *SyslogNG {
	t.Helper()
	dir := t.TempDir()
	files := newCertificates(t, dir)
	s := &SyslogNG{
		Address: freeAddress(t), Lines: freeAddress(t), CAFile: files.ca, CertFile: files.clientCert, KeyFile: files.clientKey,
		out: filepath.Join(dir, "received.ndjson"),
	}
	config := fmt.Sprintf(`@version: 3.38
options { stats-freq(0); keep-hostname(yes); use-dns(no); log-msg-size(131072); time-zone("UTC"); frac-digits(6); };
source octets {
  syslog(transport("tls") ip("127.0.0.1") port(%s) max-connections(100) flags(store-raw-message)
    tls(ca-file(%q) cert-file(%q) key-file(%q) peer-verify(required-trusted)));
};
source lines {
  network(transport("tcp") ip("127.0.0.1") port(%s) max-connections(100) flags(store-raw-message));
};
destination file {
  file(%q template("$(format-json severity=$LEVEL facility=$FACILITY time=$S_ISODATE host=$HOST app=$PROGRAM msgid=$MSGID sd=$SDATA msg=$MESSAGE raw=$RAWMSG)\n"));
};
log { source(octets); source(lines); destination(file); flags(flow-control); };
`, port(t, s.Address), files.ca, files.serverCert, files.serverKey, port(t, s.Lines), s.out)
	configFile := filepath.Join(dir, "syslog-ng.conf")
	write(t, configFile, config)
	binary, args, env := findSyslogNG(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	args = append(args, "--foreground", "--no-caps", "--cfgfile", configFile, "--persist-file", in("persist"), "--pidfile", in("pid"), "--control", in("ctl"))
	s.process = startProcessWith(t, env, binary, args...)
	s.process.listening(t, s.Address)
	s.process.listening(t, s.Lines)
	return s
}

func port(t testing.TB, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// findSyslogNG is the program, and what it needs to find its own parts.
func findSyslogNG(t testing.TB) (binary string, args, env []string) {
	t.Helper()
	for _, name := range []string{"syslog-ng", "/usr/sbin/syslog-ng"} {
		if binary, err := exec.LookPath(name); err == nil {
			return binary, nil, nil
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(cache, "riskrelay", "syslog-ng", "usr")
	binary = filepath.Join(root, "sbin", "syslog-ng")
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("syslog-ng is not there: run make test-deps, or install it: %v", err)
	}
	modules, err := filepath.Glob(filepath.Join(root, "lib", "syslog-ng", "*", "libafsocket.so"))
	if err != nil || len(modules) != 1 {
		t.Fatalf("syslog-ng's modules are not below %s: %v, %v", root, modules, err)
	}
	return binary, []string{"--module-path", filepath.Dir(modules[0])},
		[]string{"LD_LIBRARY_PATH=" + filepath.Join(root, "lib", "syslog-ng")}
}

// Stop waits for n messages, ends syslog-ng and returns what it received, in order. Close the sink first.
func (s *SyslogNG) Stop(t testing.TB, n int) []Received {
	t.Helper()
	s.process.wrote(t, s.out, n)
	s.process.stop(t)
	content, err := os.ReadFile(s.out)
	if err != nil {
		t.Fatalf("read what syslog-ng wrote: %v\n%s", err, s.process.output.String())
	}
	return messages(t, content)
}

// messages are the lines that a syslog receiver wrote: JSON with the properties of a message, of which msg is its text
// and raw the whole of it.
func messages(t testing.TB, content []byte) (all []Received) {
	t.Helper()
	for line := range bytes.Lines(content) {
		fields := map[string]string{}
		var event map[string]any
		err := json.Unmarshal(line, &fields)
		if err == nil {
			event, err = understand(fields)
		}
		if err != nil {
			t.Fatalf("read what the receiver wrote: %v in %.600q", err, line)
		}
		delete(fields, "msg")
		delete(fields, "raw")
		id, _ := event["event_id"].(string) // "" is invented for sure
		all = append(all, Received{ID: id, Fields: fields, Event: event})
	}
	return all
}
