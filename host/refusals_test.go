package host

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestRefusalsAreSaid refuses events for three minutes: the log says so each minute, with how many, and never before they are kept.
func TestRefusalsAreSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		log := logrus.New()
		log.SetOutput(&text)
		full := errors.New("full")
		r := &refusals{sink: "splunk", log: log, to: func([]enrich.Event, []pipeline.Rejection) error { return full }}
		if err := r.keep(nil, make([]pipeline.Rejection, 3)); !errors.Is(err, full) || text.Len() > 0 {
			t.Errorf("%v, said %q", err, text.String())
		}
		full = nil
		for range 150 {
			if err := r.keep(nil, make([]pipeline.Rejection, 2)); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		for _, events := range []string{"events=2", "events=120"} {
			if !strings.Contains(text.String(), events) {
				t.Errorf("%s isn't said", events)
			}
		}
		if n := strings.Count(text.String(), "riskrelay deadletter list"); n != 3 {
			t.Errorf("said %d times, want 3:\n%s", n, text.String())
		}
	})
}
