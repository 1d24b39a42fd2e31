package admin

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// healthy is a host with a stream and a sink, of which a window is open, all in motion.
func healthy() Snapshot {
	return Snapshot{
		Now: now, Stall: 10 * time.Minute,
		Figures: pipeline.Figures{Streams: map[string]pipeline.StreamFigures{"audit": {
			Success: ago(time.Minute), Sign: ago(time.Minute), Held: map[string]pipeline.Held{"splunk": {Events: 10, Since: ago(time.Minute)}},
		}}},
		States: map[string]*pipeline.State{"audit": {Open: []pipeline.Progress{{Sinks: map[string]pipeline.SinkState{"splunk": {}}}}}},
		Sinks:  map[string]pipeline.HealthReport{"splunk": {Success: ago(time.Minute), Last: ago(time.Minute)}},
	}
}

// TestReady holds what makes a host unready, and what of that only a restart can help.
func TestReady(t *testing.T) {
	holding, free := pipeline.Held{Events: 10, Since: ago(time.Hour)}, pipeline.Held{Since: ago(time.Hour)}
	refused := errors.New("connection refused\nby the peer")
	for name, test := range map[string]struct {
		change func(*Snapshot, *pipeline.StreamFigures, *pipeline.HealthReport)
		want   string
		stuck  bool
	}{
		"all is well": {func(*Snapshot, *pipeline.StreamFigures, *pipeline.HealthReport) {}, "", false},
		"it starts": {
			func(s *Snapshot, _ *pipeline.StreamFigures, _ *pipeline.HealthReport) { s.Doing = "starts modules" },
			"the host starts modules", false,
		},
		"a module is off": {
			func(s *Snapshot, _ *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				s.Modules = []ModuleStatus{{Name: "mine", Reason: "gone"}, {Name: "cel", On: true, BuiltIn: true}}
			}, "", false,
		},
		"the built-in rules are off": {
			func(s *Snapshot, _ *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				s.Modules = []ModuleStatus{{Name: "cel", BuiltIn: true, Reason: "its program ended"}}
			}, "module cel: the built-in rules tag no event: its program ended", false,
		},
		"a sink fails for a while": {
			func(_ *Snapshot, _ *pipeline.StreamFigures, h *pipeline.HealthReport) {
				h.Err, h.Since, h.Last = refused, ago(9*time.Minute), ago(time.Minute)
			}, "", false,
		},
		"a sink fails for long": {
			func(_ *Snapshot, f *pipeline.StreamFigures, h *pipeline.HealthReport) {
				h.Err, h.Since, h.Last, f.Held["splunk"] = refused, ago(time.Hour), ago(time.Minute), holding
			}, "sink splunk: takes no events since 2026-03-02T11:00:00Z: connection refused by the peer", false,
		},
		"a sink asked for a long pause": {
			func(_ *Snapshot, f *pipeline.StreamFigures, h *pipeline.HealthReport) {
				h.Err, h.Since, h.Last, h.Due, f.Held["splunk"] = refused, ago(time.Hour), ago(time.Hour), now.Add(time.Hour), holding
			}, "sink splunk: takes no events since 2026-03-02T11:00:00Z: connection refused by the peer", false,
		},
		"a sink isn't tried any more": {
			func(_ *Snapshot, _ *pipeline.StreamFigures, h *pipeline.HealthReport) {
				h.Err, h.Since, h.Last = refused, ago(time.Hour), ago(20*time.Minute)
			}, "sink splunk: takes no events since 2026-03-02T11:00:00Z: connection refused by the peer", true,
		},
		"a sink neither confirms nor fails": {
			func(_ *Snapshot, f *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				f.Held["splunk"] = holding
			}, "sink splunk: nothing was confirmed since 2026-03-02T11:00:00Z, 10 events wait for it", true,
		},
		"a sink has had nothing to do": {
			func(s *Snapshot, f *pipeline.StreamFigures, h *pipeline.HealthReport) {
				s.States["audit"].Open, f.Held["splunk"] = nil, free
				h.Success, h.Last = ago(time.Hour), ago(time.Hour)
			}, "", false,
		},
		"a stream can't be read": {
			func(_ *Snapshot, f *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				f.Success, f.LastFail, f.Held["splunk"] = ago(time.Hour), "read the window: 403", free
			}, "stream audit: nothing was read since 2026-03-02T11:00:00Z: read the window: 403", false,
		},
		"a stream waits as asked": {
			func(s *Snapshot, f *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				s.States["audit"].Open = nil
				f.Success, f.Sign, f.Due, f.Held["splunk"] = ago(time.Hour), ago(time.Hour), now.Add(time.Minute), free
			}, "", false,
		},
		"a stream stands still": {
			func(s *Snapshot, f *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				s.States["audit"].Open = nil
				f.Success, f.Sign, f.Due, f.Held["splunk"] = ago(time.Hour), ago(time.Hour), ago(30*time.Minute), free
			}, "stream audit: nothing was read since 2026-03-02T11:30:00Z, and nothing failed", true,
		},
		"a window is read and no row comes": {
			func(_ *Snapshot, f *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				f.Success, f.Sign, f.Held["splunk"] = ago(2*time.Hour), ago(time.Hour), free
			}, "stream audit: nothing was read since 2026-03-02T11:00:00Z, and nothing failed", true,
		},
		"a stream ended": {
			func(s *Snapshot, f *pipeline.StreamFigures, _ *pipeline.HealthReport) {
				s.States["audit"].Open = nil
				f.Success, f.Ended, f.Held["splunk"] = ago(time.Hour), true, free
			}, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			f, h := s.Figures.Streams["audit"], s.Sinks["splunk"]
			test.change(&s, &f, &h)
			s.Figures.Streams["audit"], s.Sinks["splunk"] = f, h
			var got []string
			for _, p := range s.Problems() {
				got = append(got, p.Text)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" || s.Stuck() != test.stuck {
				t.Errorf("stuck: %v; (-want +got)\n%s", s.Stuck(), diff)
			}
		})
	}
}

// TestOneLine holds that a reason stays one line of bounded length, whatever a server said.
func TestOneLine(t *testing.T) {
	got := oneLine("a\r\nb\x1b[31m" + strings.Repeat("é", 600))
	if strings.ContainsAny(got, "\r\n\x1b") || len(got) > maxText+3 || !strings.HasPrefix(got, "a  b [31m") {
		t.Errorf("got %q", got)
	}
}

// TestOneLineKeepsWhatToDo holds that the end of a long reason, which says what to do, isn't cut off.
func TestOneLineKeepsWhatToDo(t *testing.T) {
	text := "read la:3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13:AADServicePrincipalSignInLogs [2026-11-25T02:40:04.191Z, 2026-11-25T02:40:05.191Z): " +
		"query AADServicePrincipalSignInLogs: the service answered 403 Forbidden: InsufficientAccessError: The provided credentials have " +
		"insufficient access to perform the requested operation. Grant the identity the role \"Log Analytics Reader\" on the workspace; " +
		"a new grant takes up to an hour to work (asked to wait 20s)"
	if got := oneLine(text); got != text {
		t.Errorf("got %q", got)
	}
}

// TestFewLines holds that carets stay below what they point at, and that a long list is cut.
func TestFewLines(t *testing.T) {
	const text = "acme.yaml:7:11: wrong\n   7 | when: evnt\n     |       ^"
	if got := fewLines(text + "\n"); got != text {
		t.Errorf("%q, want %q", got, text)
	}
	if got := fewLines(strings.Repeat("x\x1b\n", 50)); strings.Count(got, "\n") != maxLines || !strings.HasSuffix(got, "\nand 10 more lines") || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}
