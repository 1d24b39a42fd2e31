package peer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// The parsers of syslog-ng that make fields of a message; CEF and LEEF as its users write them: a parser for the header
// and one for the attributes. Attributes of CEF are told to end at a character that stands nowhere, as kv-parser would
// otherwise end them at a comma before a blank.
var syslogNGParser = map[string]string{
	"cef": `
  csv-parser(columns("format", "c.vendor", "c.product", "c.version", "c.class", "c.name", "c.level", "x") delimiters("|") dialect(escape-backslash) flags(greedy));
  kv-parser(prefix("c.ext.") pair-separator("\x1f") template("$x"));`,
	"leef": `
  csv-parser(columns("format", "c.vendor", "c.product", "c.version", "c.class", "c.delimiter", "x") delimiters("|") flags(greedy));
  kv-parser(prefix("c.ext.") pair-separator("^") template("$x"));`,
}

func syslogNGParsers(format string) func(testing.TB) *Reader {
	return func(t testing.TB) *Reader {
		dir, address := t.TempDir(), freeAddress(t)
		in := func(name string) string { return filepath.Join(dir, name) }
		source := `syslog(transport("tcp") ip("127.0.0.1") port(%s))`
		if format != syslog.RFC5424 {
			source = `network(transport("tcp") ip("127.0.0.1") port(%s))`
		}
		parser := syslogNGParser[format]
		text := "app=$PROGRAM procid=$PID msgid=$MSGID message=$MESSAGE --key .SDATA.*"
		if parser != "" {
			parser, text = "parser {"+parser+"\n};", "--key c.*"
		}
		write(t, in("syslog-ng.conf"), fmt.Sprintf(`@version: 3.38
options { stats-freq(0); keep-hostname(yes); use-dns(no); log-msg-size(65536); time-zone("UTC"); recv-time-zone("UTC"); frac-digits(6); };
log {
source { `+source+`; };
%s
destination { file(%q template("$(format-json severity=$LEVEL_NUM facility=$FACILITY_NUM time=$S_ISODATE host=$HOST `+text+`)\n")); };
flags(flow-control); };
`, port(t, address), parser, in("received.ndjson")))
		binary, args, env := findSyslogNG(t)
		process := startProcessWith(t, env, binary, append(args, "--foreground", "--no-caps", "--cfgfile", in("syslog-ng.conf"),
			"--persist-file", in("persist"), "--pidfile", in("pid"), "--control", in("ctl"))...)
		process.listening(t, address)
		return &Reader{Version: syslogNGVersion(t, binary, env), Address: address, Receiver: "syslog-ng", Lines: format != syslog.RFC5424, Read: func(n int) []Seen {
			process.wrote(t, in("received.ndjson"), n)
			process.stop(t)
			return readSeen(t, process, in("received.ndjson"))
		}}
	}
}

func syslogNGVersion(t testing.TB, binary string, env []string) string {
	t.Helper()
	command := exec.Command(binary, "--version")
	command.Env = append(os.Environ(), env...)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return firstVersion(out)
}
