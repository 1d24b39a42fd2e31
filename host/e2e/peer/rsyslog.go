package peer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Rsyslog is a running rsyslogd.
type Rsyslog struct {
	Address  string // for syslog.Config
	CAFile   string // the authority of its certificate and of the client's
	CertFile string // the client's certificate, which rsyslog asks for
	KeyFile  string
	out      string
	process  *process
}

// StartRsyslog runs rsyslogd with a TLS receiver until the test ends. It takes what the system has; when it has no
// rsyslog, the test fails and says what to install.
func StartRsyslog(t testing.TB) *Rsyslog {
	t.Helper()
	binary := findRsyslog(t)
	dir := t.TempDir()
	files, address := newCertificates(t, dir), freeAddress(t)
	r := &Rsyslog{
		Address: address, CAFile: files.ca, CertFile: files.clientCert, KeyFile: files.clientKey,
		out: filepath.Join(dir, "received.ndjson"),
	}
	config := fmt.Sprintf(`
global(workDirectory=%q maxMessageSize="128k"
  defaultNetstreamDriverCAFile=%q defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q)
main_queue(queue.timeoutShutdown="300000")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port=%q)
template(name="parsed" type="list" option.jsonf="on") {
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" date.inUTC="on" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="sd" name="structured-data" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
  property(outname="raw" name="rawmsg" format="jsonf")
}
action(type="omfile" file=%q template="parsed" fileCreateMode="0600")
`, dir, files.ca, files.serverCert, files.serverKey, port(t, address), r.out)
	configFile := filepath.Join(dir, "rsyslog.conf")
	write(t, configFile, config)
	r.process = startProcess(t, binary, "-n", "-f", configFile, "-i", filepath.Join(dir, "pid"))
	r.process.listening(t, address)
	return r
}

func findRsyslog(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"rsyslogd", "/usr/sbin/rsyslogd"} {
		if binary, err := exec.LookPath(name); err == nil {
			return binary
		}
	}
	t.Fatal("rsyslogd is not installed: run make test-deps, or apt-get install rsyslog rsyslog-gnutls")
	return ""
}

// Stop waits for n messages, ends rsyslogd and returns what it received, in order. Close the sink first.
func (r *Rsyslog) Stop(t testing.TB, n int) []Received {
	t.Helper()
	r.process.wrote(t, r.out, n)
	r.process.stop(t)
	content, err := os.ReadFile(r.out)
	if err != nil {
		t.Fatalf("read what rsyslogd wrote: %v (are rsyslog and rsyslog-gnutls installed?)\n%s", err, r.process.output.String())
	}
	return messages(t, content)
}
