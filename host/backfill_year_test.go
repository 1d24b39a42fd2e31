package host

import (
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// TestABackfillOfAnotherYear checks which sinks a backfill warns of: those whose headers can't tell which year it was.
func TestABackfillOfAnotherYear(t *testing.T) {
	var sinks config.Sinks
	for name, change := range map[string]func(*syslog.Config){
		"new":  func(*syslog.Config) {},
		"old":  func(c *syslog.Config) { c.Format = syslog.RFC3164 },
		"cef":  func(c *syslog.Config) { c.Format = syslog.CEF },
		"leef": func(c *syslog.Config) { c.Format = syslog.LEEF },
		"told": func(c *syslog.Config) { c.Format, c.HeaderTime = syslog.LEEF, syslog.Time3339 },
		"read": func(c *syslog.Config) { c.Format, c.Receiver = syslog.RFC3164, "syslog-ng" },
	} {
		s := config.Syslog{Name: name, Config: syslog.Defaults()}
		s.Config.Receiver = "generic"
		change(&s.Config)
		sinks.Syslog = append(sinks.Syslog, s)
	}
	day := func(year, month, day int) time.Time {
		return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	}
	for _, c := range []struct {
		from, to, now time.Time
		want          []string
	}{
		{day(2026, 12, 30), day(2027, 1, 2), day(2027, 1, 5), []string{"cef", "leef", "old"}},
		{day(2026, 11, 1), day(2026, 11, 2), day(2027, 1, 5), []string{"cef", "leef", "old"}},
		{day(2026, 11, 1), day(2026, 11, 2), day(2026, 12, 5), nil},
	} {
		got := Backfill{From: c.from, To: c.to}.yearless(sinks, c.now)
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("from %v, now %v: warned of %v, want %v", c.from, c.now, got, c.want)
		}
	}
}
