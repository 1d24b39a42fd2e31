package admin

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// busy is a host of which every metric has a value.
func busy() Snapshot {
	s := healthy()
	f := s.Figures.Streams["audit"]
	f.Read, f.Tagged, f.Failures, f.EventLag = 100, 3, 2, 90*time.Second
	f.Mended, f.Changed, f.Untimed = 7, 8, 9
	s.Missing = map[string]uint64{"acme.one": 9}
	s.Figures.Streams = map[string]pipeline.StreamFigures{"audit": f, "file\xff": {Ended: true}}
	s.States["audit"].Frontier = ago(2 * time.Minute)
	s.States["audit"].Open[0].Window.From = ago(4 * time.Minute)
	s.States["audit"].Open[0].Sinks["gone"] = pipeline.SinkState{}
	s.Figures.Splits, s.Figures.Unreadable, s.Figures.Failures = 1, 2, 3
	s.Figures.Sinks = map[string]pipeline.Count{"splunk": {Confirmed: 90, Dead: 4}}
	s.Figures.ByRule = map[string]pipeline.RuleFigures{"acme.one": {Matches: 3, Suppressed: 1, Errors: 2}, "acme.gone": {Matches: 7}}
	s.Figures.Unjudged, s.Modules = map[string]int64{"mine": 5}, []ModuleStatus{
		{Name: "mine", Open: true, Timeouts: 6, Refused: 7, LeftOut: 8}, {Name: "well", On: true},
	}
	s.Figures.Rules = pipeline.RuleSet{Hash: "abc", Loaded: ago(time.Hour), Reloads: 2, Refused: 1, LastOK: true}
	h := s.Sinks["splunk"]
	h.Failures, h.Retried, h.Shortened, h.Uncopied = 6, 60, 8, 3
	s.Sinks["splunk"] = h
	s.Rules = []enrich.RuleInfo{{ID: "acme.one"}, {ID: "acme.two", Off: "took too long"}, {ID: "acme.one"}}
	s.Tripped, s.Restarts = []string{"acme.two"}, map[string]int{"mine": 1}
	s.Lookups = &Lookups{
		Hosts: map[string]int64{"nxdomain": 2}, PassedOver: map[string]int64{"refused": 3}, Queued: 4, Questions: 5, FollowUps: 6, Made: 7,
		Lost: map[string]int64{"expired": 8},
	}
	s.Certificates = []Certificate{{Of: "sink splunk", Whose: "receiver", Subject: "splunk.example.com", Expires: now.Add(24 * time.Hour)}}
	return s
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

// TestPages asks for each page over a real connection.
func TestPages(t *testing.T) {
	s := busy()
	server, err := Listen(t.Context(), "127.0.0.1:0", nil, Build{"1.2.3", "f00", "go1.26"}, func() Snapshot { return s })
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	url := "http://" + server.Address()
	_, text := get(t, url+"/metrics")
	for _, line := range []string{
		`riskrelay_stream_windows_abandoned{sink="gone",stream="audit"} 1`,
		`riskrelay_sink_events_shortened_total{sink="splunk"} 8`,
		`riskrelay_sink_copies_missing_total{sink="splunk"} 3`,
		`riskrelay_build_info{goversion="go1.26",revision="f00",version="1.2.3"} 1`,
		`riskrelay_ready 1`,
		`riskrelay_stuck 0`,
		`riskrelay_window_splits_total 1`,
		`riskrelay_unreadable_lines_total 2`,
		`riskrelay_failures_total 3`,
		`riskrelay_stream_rows_read_total{stream="audit"} 100`,
		`riskrelay_stream_rows_read_total{stream="file` + "\uFFFD" + `"} 0`,
		`riskrelay_stream_rows_tagged_total{stream="audit"} 3`,
		`riskrelay_stream_mended_rows_total{stream="audit"} 7`,
		`riskrelay_stream_schema_changes_total{stream="audit"} 8`,
		`riskrelay_rows_unknown_time_total{stream="audit"} 9`,
		`riskrelay_rule_missing_fields_total{rule="acme.one"} 9`,
		`riskrelay_stream_failures_total{stream="audit"} 2`,
		`riskrelay_stream_last_success_timestamp_seconds{stream="audit"} 1.77245274e+09`,
		`riskrelay_stream_event_lag_seconds{stream="audit"} 90`,
		`riskrelay_stream_ingestion_lag_seconds{sink="splunk",stream="audit"} 240`,
		`riskrelay_stream_windows_open{sink="splunk",stream="audit"} 1`,
		`riskrelay_sink_events_confirmed_total{sink="splunk"} 90`,
		`riskrelay_sink_events_dead_lettered_total{sink="splunk"} 4`,
		`riskrelay_sink_events_retried_total{sink="splunk"} 60`,
		`riskrelay_sink_send_failures_total{sink="splunk"} 6`,
		`riskrelay_sink_up{sink="splunk"} 1`,
		`riskrelay_sink_last_success_timestamp_seconds{sink="splunk"} 1.77245274e+09`,
		`riskrelay_certificate_expires_timestamp_seconds{of="sink splunk",whose="receiver"} 1.7725392e+09`,
		`riskrelay_rule_matches_total{rule="acme.one"} 3`,
		`riskrelay_rule_matches_total{rule="acme.two"} 0`,
		`riskrelay_rule_suppressed_total{rule="acme.one"} 1`,
		`riskrelay_rule_errors_total{rule="acme.one"} 2`,
		`riskrelay_rule_breaker_open{rule="acme.two"} 1`,
		`riskrelay_module_up{module="mine"} 0`,
		`riskrelay_module_up{module="well"} 1`,
		`riskrelay_module_breaker_open{module="mine"} 1`,
		`riskrelay_module_breaker_open{module="well"} 0`,
		`riskrelay_module_timeouts_total{module="mine"} 6`,
		`riskrelay_module_refused_tags_total{module="mine"} 7`,
		`riskrelay_module_log_lines_left_out_total{module="mine"} 8`,
		`riskrelay_rules{state="on"} 2`,
		`riskrelay_rules{state="off"} 1`,
		`riskrelay_module_unjudged_events_total{module="mine"} 5`,
		`riskrelay_module_unjudged_events_total{module="well"} 0`,
		`riskrelay_module_restarts_total{module="mine"} 1`,
		`riskrelay_rules_info{hash="abc"} 1`,
		`riskrelay_rules_loaded_timestamp_seconds 1.7724492e+09`,
		`riskrelay_rules_reloads_total{result="taken"} 2`,
		`riskrelay_rules_reloads_total{result="refused"} 1`,
		`riskrelay_rules_last_reload_successful 1`,
		`riskrelay_dns_lookups_total{verdict="nxdomain"} 2`,
		`riskrelay_dns_names_passed_over_total{reason="refused"} 3`,
		`riskrelay_dns_queue 4`,
		`riskrelay_followup_questions 5`,
		`riskrelay_followup_events_waiting 6`,
		`riskrelay_followup_events_total 7`,
		`riskrelay_followup_lost_total{reason="expired"} 8`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, m := range list() {
		if !strings.Contains(text, "\n"+m.name) {
			t.Errorf("no value of %s", m.name)
		}
	}
	if strings.Contains(text, "acme.gone") || !strings.Contains(text, "go_goroutines") || !strings.Contains(text, "process_start_time_seconds") {
		t.Error("want no rule that is gone, and the metrics of the runtime and the process")
	}
	if status, body := get(t, url+"/healthz"); status != http.StatusOK || body != "alive\n" {
		t.Errorf("healthz: %d %s", status, body)
	}
	if status, body := get(t, url+"/readyz"); status != http.StatusOK || body != "ready\n" {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, _ := get(t, url+"/"); status != http.StatusNotFound {
		t.Errorf("another page: %d", status)
	}
}

// TestUnready holds that a host that isn't ready says why, and is alive all the same.
func TestUnready(t *testing.T) {
	server, err := Listen(t.Context(), "127.0.0.1:0", nil, Build{}, func() Snapshot { return Snapshot{Doing: "starts modules"} })
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	url := "http://" + server.Address()
	if status, body := get(t, url+"/readyz"); status != http.StatusServiceUnavailable || body != "the host starts modules\n" {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, _ := get(t, url+"/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	if _, text := get(t, url+"/metrics"); !strings.Contains(text, "\nriskrelay_ready 0\n") {
		t.Errorf("metrics: %s", text)
	}
}

// TestOccupied holds that an address in use is an error that names the key.
func TestOccupied(t *testing.T) {
	server, err := Listen(t.Context(), "127.0.0.1:0", nil, Build{}, busy)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := Listen(t.Context(), server.Address(), nil, Build{}, busy); err == nil || !strings.Contains(err.Error(), "metrics.listen") {
		t.Errorf("got %v", err)
	}
}

// TestNames holds that names follow Prometheus' conventions
// (https://prometheus.io/docs/practices/naming/).
func TestNames(t *testing.T) {
	problems, err := testutil.GatherAndLint(newRegistry(Build{}, busy))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "riskrelay_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
