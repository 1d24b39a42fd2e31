package splunkhec

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

func TestValidate(t *testing.T) {
	good := Defaults()
	good.URL, good.TokenFile = "https://splunk.example.com:8088", "/etc/riskrelay/token"
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"url: say where":                  func(c *Config) { c.URL = "" },
		"url: http would send":            func(c *Config) { c.URL = "http://splunk.example.com:8088" },
		"url: \"ftp://x\" is not":         func(c *Config) { c.URL = "ftp://x" },
		"url: holds a user or password":   func(c *Config) { c.URL = "https://u:fake@splunk.example.com" },
		"has a path":                      func(c *Config) { c.URL = "https://splunk.example.com/services/collector" },
		"urls[1]: http would send":        func(c *Config) { c.URLs = []string{"https://b", "http://splunk.example.com"} },
		"urls[0]: https://splunk":         func(c *Config) { c.URLs = []string{c.URL} },
		"proxy: \"ftp://x:1\" is not":     func(c *Config) { c.Proxy = "ftp://x:1" },
		"proxy: holds a user or password": func(c *Config) { c.Proxy = "http://u:fake@proxy.example.com:3128" },
		"proxy_auth_file: name a proxy":   func(c *Config) { c.ProxyAuthFile = "x" },
		"token_file: name the file":       func(c *Config) { c.TokenFile = "" },
		"batch_bytes: 1 is not between":   func(c *Config) { c.BatchBytes = 1 },
		"requests: 0 is not between":      func(c *Config) { c.Requests = 0 },
		"timeout: must be positive":       func(c *Config) { c.Timeout = 0 },
		"ack_timeout: must be positive":   func(c *Config) { c.Ack, c.AckTimeout = true, 0 },
		"cert_file and key_file: give":    func(c *Config) { c.CertFile = "x" },
		"sourcetype: must not be empty":   func(c *Config) { c.Sourcetype = "" },
		"source: must not be empty\nbatc": func(c *Config) { c.Source, c.BatchBytes = "", 1 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:fake") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8088", "http://localhost:8088", "http://[::1]:8088/", "https://10.0.0.1"} {
		if c := good; validURL(url) != nil {
			t.Errorf("%s: %v", c.URL, validURL(url))
		}
	}
}

// TestHeaderFollowsEvent checks that the header kept from one event isn't used for an event it doesn't fit.
func TestHeaderFollowsEvent(t *testing.T) {
	c := Defaults()
	c.Host = "relay01"
	encoder, kept := newEncoder(c), headers{}
	audit, other := sinktest.Events(1)[0], sinktest.Event("e-2", "SigninLogs", `{}`, "x")
	for _, e := range []enrich.Event{audit, other, other, audit} {
		got, err := encoder.append(nil, &e, kept)
		want, _ := encoder.append(nil, &e, headers{})
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: got %.200s, %v; want %.200s", e.ID, got, err, want)
		}
	}
}

// FuzzEnvelope checks that whatever the event holds, the envelope is one line of JSON that says the same.
func FuzzEnvelope(f *testing.F) {
	for _, e := range sinktest.Hostile() {
		f.Add(e.ID, e.Table, e.Text("Message"), int64(1772355600123))
	}
	f.Add("", "../../x", "\xff", int64(-1))
	encoder := newEncoder(Config{Host: "h", Source: "s:{workspace}", Sourcetype: "t:{table}", Index: "i"})
	f.Fuzz(func(t *testing.T, id, table, text string, ms int64) {
		e := sinktest.Event(id, table, text, text)
		e.Time = time.UnixMilli(ms % (1 << 42)).UTC()
		e.Risk.Add("m", []enrich.Tag{{Rule: id, Severity: enrich.Low, Message: text, Mitre: []string{text}}})
		e.Risk.Follows = text
		line, err := encoder.append(nil, &e, headers{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(line), "\n") != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("not one line: %q", line)
		}
		var got struct {
			Sourcetype string
			Event      struct{ Message string }
			Fields     struct {
				EventID string   `json:"event_id"`
				Rule    []string `json:"risk_rule"`
				Follows string   `json:"risk_follows"`
			}
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if got.Event.Message != string([]rune(text)) || got.Fields.EventID == "" != (id == "") || got.Fields.Follows == "" != (text == "") || len(got.Fields.Rule) != 1 {
			t.Fatalf("got %+v of %q", got, text)
		}
		if strings.Trim(got.Sourcetype, "abcdefghijklmnopqrstuvwxyz0123456789_:") != "" {
			t.Fatalf("source type %q", got.Sourcetype)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	encoder, events := newEncoder(Defaults()), sinktest.Events(512)
	var dst []byte
	h := headers{}
	b.ReportAllocs()
	for b.Loop() {
		dst = dst[:0]
		for i := range events {
			dst, _ = encoder.append(dst, &events[i], h)
		}
	}
	b.SetBytes(int64(len(dst)))
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
