// Command offhours is a whole rule module: it tags what happens in Entra ID outside working hours. Its settings are
//
//	zone: Europe/Berlin   # UTC when left out
//	from: "07:00"         # working hours, Monday to Friday
//	to: "19:00"
package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin"
)

func main() { plugin.Serve(new(module)) }

// hours are the settings. They don't change; a new configuration makes new ones.
type hours struct {
	Zone, From, To  string
	zone            *time.Location
	opens, finishes time.Duration // since midnight
}

// module tags events that are not within its hours. Before it has any, it tags nothing.
type module struct{ hours atomic.Pointer[hours] }

// Describe names the one rule, and the one column that it reads, so that no other is sent.
func (m *module) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{
		Name: "offhours", Version: "1.0.0",
		Selector: enrich.Selector{Tables: []string{"AuditLogs"}, Columns: []string{"OperationName"}},
		Rules: []enrich.RuleInfo{{
			ID: "example.offhours", Title: "Change outside working hours", Pack: "offhours@1.0.0",
			Tables: []string{"AuditLogs"}, Severity: enrich.Low,
		}},
	}, nil
}

// Configure reads the settings; rule files are not for this module.
func (m *module) Configure(_ context.Context, config enrich.Config) error {
	h := &hours{}
	err := yaml.UnmarshalWithOptions(config.Settings, h, yaml.DisallowUnknownField())
	if err != nil {
		return fmt.Errorf("read the settings of offhours: %w", err)
	}
	if h.zone, err = time.LoadLocation(h.Zone); err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	if h.opens, err = clock("from", h.From); err != nil {
		return err
	}
	if h.finishes, err = clock("to", h.To); err != nil {
		return err
	}
	if h.opens >= h.finishes {
		return errors.New("to: must be later than from")
	}
	m.hours.Store(h)
	return nil
}

// clock reads a time of day.
func clock(key, text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is not a time of day such as 07:00", key, text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Tag answers for each event, nothing for those within hours, and those of which nobody knows when they happened.
func (m *module) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	lists, h := make([][]enrich.Tag, len(events)), m.hours.Load()
	for i := range events {
		if e := &events[i]; h != nil && !e.Time.IsZero() && h.outside(e.Time) {
			lists[i] = []enrich.Tag{{
				Rule: "example.offhours", Pack: "offhours@1.0.0", Severity: enrich.Low, Score: 20,
				Message: fmt.Sprintf("%s at %s", e.Text("OperationName"), e.Time.In(h.zone).Format("Mon 15:04 MST")),
			}}
		}
	}
	return lists, nil
}

// outside reports whether t is outside working hours.
func (h *hours) outside(t time.Time) bool {
	t = t.In(h.zone)
	since := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	weekend := t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
	return weekend || since < h.opens || since >= h.finishes
}
