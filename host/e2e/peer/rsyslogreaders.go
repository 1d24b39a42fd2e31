package peer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// rsyslogHeader are the properties of a message's header, as rsyslogd's own parser has them.
const rsyslogHeader = `
  property(outname="severity" name="syslogseverity" format="jsonf")
  property(outname="facility" name="syslogfacility" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" date.inUTC="on" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="message" name="msg" format="jsonf")`

func rsyslogPlain(t testing.TB) *Reader { return startRsyslogReader(t, "", "", rsyslogHeader) }

func rsyslogStructured(t testing.TB) *Reader {
	return startRsyslogReader(t, `module(load="mmpstrucdata")`, `action(type="mmpstrucdata" sd_name.lowercase="off")`,
		rsyslogHeader+`
  property(outname="data" name="$!rfc5424-sd" format="jsonf")`)
}

// cefRules have liblognorm read a whole message with CEF, header and all.
const cefRules = `version=2
rule=:<%pri:number%>%time:date-rfc3164% %host:word% %cef:cef%
rule=:<%pri:number%>%time:date-rfc5424% %host:word% %cef:cef%
`

func rsyslogNormalize(t testing.TB) *Reader {
	rules := filepath.Join(t.TempDir(), "cef.rulebase")
	write(t, rules, cefRules)
	return startRsyslogReader(t, `module(load="mmnormalize")`, fmt.Sprintf(`action(type="mmnormalize" useRawMsg="on" rulebase=%q)`, rules), `
  property(outname="severity" name="syslogseverity" format="jsonf")
  property(outname="facility" name="syslogfacility" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" date.inUTC="on" format="jsonf")
  property(outname="host" name="$!host" format="jsonf")
  property(outname="cef" name="$!cef" format="jsonf")`)
}

// startRsyslogReader runs rsyslogd with the default limit of 8 KiB a message.
func startRsyslogReader(t testing.TB, module, action, properties string) *Reader {
	t.Helper()
	binary, dir, address := findRsyslog(t), t.TempDir(), freeAddress(t)
	out, config := filepath.Join(dir, "received.ndjson"), filepath.Join(dir, "rsyslog.conf")
	write(t, config, fmt.Sprintf(`
global(workDirectory=%q)
main_queue(queue.timeoutShutdown="300000")
module(load="imtcp")
%s
input(type="imtcp" address="127.0.0.1" port=%q)
template(name="seen" type="list" option.jsonf="on") {%s
}
%s
action(type="omfile" file=%q template="seen" fileCreateMode="0600")
`, dir, module, port(t, address), properties, action, out))
	version, err := exec.Command(binary, "-v").Output()
	if err != nil {
		t.Fatal(err)
	}
	process := startProcessWith(t, []string{"TZ=UTC"}, binary, "-n", "-f", config, "-i", filepath.Join(dir, "pid"))
	process.listening(t, address)
	return &Reader{Version: firstVersion(version), Address: address, Receiver: "rsyslog", Read: func(n int) []Seen {
		process.wrote(t, out, n)
		process.stop(t)
		return readSeen(t, process, out)
	}}
}

var versionPattern = regexp.MustCompile(`\d+\.\d+[.\d]*`)

// firstVersion is the first version that a program says of itself.
func firstVersion(text []byte) string {
	return strings.TrimRight(string(versionPattern.Find(text)), ".")
}

// readSeen reads what rsyslogd and syslog-ng wrote: JSON whose members are fields, or objects of them, which rsyslogd writes as
// text: structured data under "data" and "_SDATA", and CEF and LEEF under "cef" and "c".
func readSeen(t testing.TB, p *process, out string) (all []Seen) {
	t.Helper()
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("read what %s wrote: %v\n%s", p.name, err, p.output.String())
	}
	for line := range bytes.Lines(content) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatalf("read what %s wrote: %v in %.600q", p.name, err, line)
		}
		seen := Seen{}
		for name, member := range members {
			if err := seen.member(name, member); err != nil {
				t.Fatalf("read what %s wrote: %s: %v in %.600q", p.name, name, err, line)
			}
		}
		all = append(all, seen)
	}
	return all
}

func (s Seen) member(name string, member json.RawMessage) error {
	text := string(member)
	if member[0] == '"' {
		if err := json.Unmarshal(member, &text); err != nil {
			return err
		}
	}
	switch name {
	case "data", "_SDATA":
		var elements map[string]map[string]string
		if err := json.Unmarshal([]byte(text), &elements); err != nil {
			return err
		}
		for id, parameters := range elements {
			s.parameters(id, parameters)
		}
	case "cef", "c":
		if text == "" { // it was nothing of the kind for the reader
			return nil
		}
		return s.record([]byte(text))
	case "time":
		at, err := time.Parse(time.RFC3339, text)
		s["time"] = at.UTC().Format(time.RFC3339Nano)
		return err
	default:
		s.put(name, text)
	}
	return nil
}

// record adds what a parser read of CEF or LEEF, under liblognorm's names or ours.
func (s Seen) record(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	names := map[string]string{
		"DeviceVendor": "vendor", "DeviceProduct": "product", "DeviceVersion": "version", "SignatureID": "class", "Name": "name", "Severity": "level",
	}
	for member, value := range members {
		if member == "Extensions" || member == "ext" {
			var attributes map[string]string
			if err := json.Unmarshal(value, &attributes); err != nil {
				return err
			}
			for key, value := range attributes {
				s["ext."+key] = value
			}
			continue
		}
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return err
		}
		s.put(cmp.Or(names[member], member), text)
	}
	return nil
}
