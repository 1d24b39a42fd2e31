package peer

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const victoriaLogs = "github.com/VictoriaMetrics/VictoriaLogs"

// victoria is a running VictoriaLogs, which takes HEC and is asked over TLS.
type victoria struct {
	*Reader
	process *process
	client  *http.Client
}

// startVictoria runs VictoriaLogs, which takes syslog too, with an empty store that keeps events of all times.
func startVictoria(t testing.TB) *victoria {
	t.Helper()
	dir := t.TempDir()
	files := newCertificates(t, dir)
	web, listener := freeAddress(t), freeAddress(t)
	v := &victoria{Reader: &Reader{
		Version: moduleVersion(t, victoriaLogs), URL: "https://" + web, CAFile: files.ca, TokenFile: filepath.Join(dir, "token"), Address: listener, Receiver: "victorialogs",
	}}
	write(t, v.TokenFile, "00000000-fake-token-0000-000000000000")
	authority, err := os.ReadFile(files.ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{Transport: transport}
	v.process = startProcess(t, build(t, "victoria-logs", victoriaLogs+"/app/victoria-logs"),
		"-storageDataPath="+filepath.Join(dir, "data"), "-retentionPeriod=100y", "-futureRetention=100y", "-memory.allowedBytes=64MiB",
		"-httpListenAddr="+web, "-tls", "-tlsCertFile="+files.serverCert, "-tlsKeyFile="+files.serverKey,
		"-syslog.listenAddr.tcp="+listener, "-syslog.timezone=UTC", "-loggerLevel=WARN")
	v.process.listening(t, web)
	v.process.listening(t, listener)
	return v
}

// get returns the answer to a request.
func (v *victoria) get(t testing.TB, path string) []byte {
	t.Helper()
	reply, err := v.client.Get(v.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("ask VictoriaLogs: %v, %s: %s", err, reply.Status, text)
	}
	return text
}

// records waits for n and returns all that are stored. Values are texts, and empty ones are none.
func (v *victoria) records(t testing.TB, n int) (all []map[string]string) {
	t.Helper()
	until(t, v.process, func() bool {
		v.get(t, "/internal/force_flush")
		all = nil
		for line := range bytes.Lines(v.get(t, "/select/logsql/query?query="+url.QueryEscape("*"))) {
			record := map[string]string{}
			if err := json.Unmarshal(line, &record); err != nil {
				t.Fatalf("read VictoriaLogs' answer: %v in %.300q", err, line)
			}
			all = append(all, record)
		}
		return len(all) >= n
	})
	return all
}

func victoriaHEC(t testing.TB) *Reader {
	v := startVictoria(t)
	v.Read = func(n int) (all []Seen) {
		for _, record := range v.records(t, n) {
			seen := Seen{}
			for name, value := range record {
				switch {
				case name == "_time":
					seen["time"] = value
				case name == "host", name == "source", name == "sourcetype", name == "index", strings.HasPrefix(name, "event."):
					seen[name] = value
				case !strings.HasPrefix(name, "_"):
					seen["fields."+strings.TrimPrefix(name, "fields.")] = value
				}
			}
			all = append(all, seen)
		}
		return all
	}
	return v.Reader
}

func victoriaLines(t testing.TB) *Reader {
	v := startVictoria(t)
	reader := *v.Reader
	reader.URL += "/insert/jsonline"
	reader.Read = func(n int) (all []Seen) {
		for _, record := range v.records(t, n) {
			seen := Seen{}
			for name, value := range record {
				if name == "_ItemId" || !strings.HasPrefix(name, "_") { // the others are its own
					seen["event."+name] = value
				}
			}
			all = append(all, seen)
		}
		return all
	}
	return &reader
}

func victoriaSyslog(t testing.TB) *Reader {
	v := startVictoria(t)
	v.Read = func(n int) (all []Seen) {
		for _, record := range v.records(t, n) {
			all = append(all, victoriaMessage(record))
		}
		return all
	}
	return v.Reader
}

// victoriaMessage names the fields that VictoriaLogs' syslog parser makes.
func victoriaMessage(record map[string]string) Seen {
	seen := Seen{}
	names := map[string]string{
		"_time": "time", "_msg": "message", "facility": "facility", "severity": "severity", "hostname": "host", "app_name": "app", "proc_id": "procid", "msg_id": "msgid",
		"cef.device_vendor": "vendor", "cef.device_product": "product", "cef.device_version": "version",
		"cef.device_event_class_id": "class", "cef.name": "name", "cef.severity": "level",
	}
	for name, value := range record {
		if key, ok := strings.CutPrefix(name, "cef.extension."); ok {
			seen["ext."+key] = value
		} else if known, ok := names[name]; ok {
			seen.put(known, value)
		} else if id, key, ok := strings.Cut(name, "."); ok && strings.Contains(id, "@") {
			seen.parameters(id, map[string]string{key: value})
		}
	}
	if seen["vendor"] != "" {
		delete(seen, "app")     // the word CEF
		delete(seen, "message") // that there is none
	}
	return seen
}
