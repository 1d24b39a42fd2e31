package peer

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// npmSeen is what the packages of host/e2e/readers/npm return for a message, under their own names.
type npmSeen struct {
	// glossy
	FacilityID, SeverityID *int
	Time                   *int64
	Host, AppName, MsgID   *string
	Message                *string
	// nsyslog-parser
	Facilityval, Levelval *int
	TS                    *int64
	Messageid             *string
	Cef, Leef             map[string]string
	Fields                json.RawMessage // an object, or a list where there are none

	PID            *string
	StructuredData json.RawMessage // an object of objects, or a list of objects
}

// npm returns a reader that is a package of host/e2e/readers/npm.
func npm(pkg string) func(testing.TB) *Reader {
	return func(t testing.TB) *Reader {
		l := listen(t)
		r := &Reader{Address: l.Addr().String(), Lines: true}
		node := func(messages []string) (all []Seen) {
			text, err := json.Marshal(messages)
			if err != nil {
				t.Fatal(err)
			}
			var reply struct {
				Version string
				Seen    []npmSeen
			}
			if err := json.Unmarshal(runNode(t, pkg, text), &reply); err != nil {
				t.Fatalf("read what %s read: %v", pkg, err)
			}
			for i := range reply.Seen {
				all = append(all, reply.Seen[i].seen())
			}
			r.Version = reply.Version
			return all
		}
		node([]string{})
		r.Read = func(int) []Seen {
			messages := []string{}
			for line := range bytes.Lines(l.all()) {
				messages = append(messages, string(bytes.TrimSuffix(line, []byte("\n"))))
			}
			return node(messages)
		}
		return r
	}
}

// runNode gives messages to read.cjs, whose packages it installs first, once.
func runNode(t testing.TB, pkg string, messages []byte) []byte {
	t.Helper()
	dir := filepath.Join(readers(t), "npm")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", pkg)); err != nil {
		t.Fatalf("the npm package %s isn't there: run make test-deps, or npm ci in %s", pkg, dir)
	}
	command := exec.Command("node", "read.cjs", pkg)
	command.Dir, command.Stdin = dir, bytes.NewReader(messages)
	command.Env = append(os.Environ(), "TZ=UTC") // glossy takes the times of RFC 3164 for the machine's
	out, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("node is missing: run make test-deps, or install Node.js 18 or later with npm")
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		t.Fatalf("read with %s: %v\n%s", pkg, err, exit.Stderr)
	}
	return out
}

func (n *npmSeen) seen() Seen {
	seen := Seen{}
	for name, values := range map[string][]*string{
		"host": {n.Host}, "app": {n.AppName}, "procid": {n.PID}, "msgid": {n.MsgID, n.Messageid}, "message": {n.Message},
	} {
		for _, value := range values {
			if value != nil {
				seen.put(name, *value)
			}
		}
	}
	for name, values := range map[string][]*int{"facility": {n.FacilityID, n.Facilityval}, "severity": {n.SeverityID, n.Levelval}} {
		for _, value := range values {
			if value != nil {
				seen[name] = strconv.Itoa(*value)
			}
		}
	}
	for _, ms := range []*int64{n.Time, n.TS} {
		if ms != nil {
			seen["time"] = time.UnixMilli(*ms).UTC().Format(time.RFC3339Nano)
		}
	}
	n.record(seen)
	n.data(seen)
	return seen
}

// record adds what the package read of CEF or LEEF.
func (n *npmSeen) record(seen Seen) {
	names := map[string]string{
		"deviceVendor": "vendor", "deviceProduct": "product", "deviceVersion": "version", "deviceEventClassID": "class", "name": "name", "severity": "level",
		"vendor": "vendor", "product": "product", "version": "version", "eventID": "class", "delimiter": "delimiter",
	}
	header := n.Leef
	if n.Cef != nil {
		header = n.Cef
		delete(names, "version") // of CEF itself
	}
	if header == nil {
		return
	}
	delete(seen, "message") // all of it
	for key, name := range names {
		if value, ok := header[key]; ok {
			seen[name] = value
		}
	}
	var attributes map[string]string
	if json.Unmarshal(n.Fields, &attributes) == nil {
		for key, value := range attributes {
			seen["ext."+key] = value
		}
	}
}

// data adds structured data.
func (n *npmSeen) data(seen Seen) {
	var elements map[string]map[string]string
	var list []map[string]string
	if json.Unmarshal(n.StructuredData, &elements) == nil {
		for id, parameters := range elements {
			seen.parameters(id, parameters)
		}
	} else if json.Unmarshal(n.StructuredData, &list) == nil {
		for _, parameters := range list {
			id := parameters["$id"]
			delete(parameters, "$id")
			seen.parameters(id, parameters)
		}
	}
}
