package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
	"github.com/riskrelay/riskrelay/host/view"
	"github.com/riskrelay/riskrelay/rules"
)

// report prints what the collector got.
func (d *demo) report(ctx context.Context, figures pipeline.Figures, sent int, collector *hectest.Server, took time.Duration) error {
	found := view.NewFound()
	if err := lines(d.path("events.ndjson"), found.Add); err != nil {
		return fmt.Errorf("read what was received: %w", err)
	}
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nevents in the sources     %d\nread and tagged           %d, %d of them match a rule\nconfirmed by the sink     %d, in %.1f s\n",
		sent, figures.Read, len(found.Events), figures.Sinks["demo"].Confirmed, took.Seconds())
	fmt.Fprintf(&b, "\nTHE ATTACK, AS IT WAS FOUND (times in UTC)\n%s", view.TimelineText(attack(found).Worst(10), d.step))
	fmt.Fprintf(&b, "\nTHE FIVE WORST EVENTS OF THE DAY\n%s", view.WorstText(found.Worst(5)))
	fmt.Fprintf(&b, "\n%s\n", view.FoundText(found.Rows(guide, d.off(ctx))))
	b.WriteString("RISK is Microsoft's word for the row. HIGHEST is the worst severity that one of\n" +
		"its rules gave to an event: who did it, when and to what raises and lowers it.\n")
	fmt.Fprintf(&b, "\nGo on with:\n"+
		"  %[1]s tag --only-tagged %[2]s\n"+
		"  %[1]s rules explain entra.app.owner.changed \\\n      --event %[2]s\n"+
		"  grep '\"admin-consent-privileged\"' %[3]s\n", os.Args[0], d.path("rows.ndjson"), d.path("events.ndjson"))
	if _, err := io.WriteString(d.out, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if got := collector.Events.Len(); got != sent {
		return fmt.Errorf("the sources have %d events, %d were received", sent, got)
	}
	return nil
}

// attack are the events of the attack among those that were found.
func attack(found *view.Found) *view.Found {
	of := view.NewFound()
	for _, e := range found.Events {
		if serialOf(&e) >= story.AttackSerial {
			of.Events = append(of.Events, e)
		}
	}
	return of
}

// step is what the story calls an event of the attack.
func (d *demo) step(e *view.FoundEvent) string {
	steps := story.Attack(d.seed, time.Time{})
	if i := serialOf(e) - story.AttackSerial; i >= 0 && i < int64(len(steps)) {
		return strings.TrimSuffix(steps[i].Step, ", twin") // the service logs one change as two records
	}
	return e.Table
}

// serialOf is the serial of a row that the story made, -1 for others.
func serialOf(e *view.FoundEvent) int64 {
	if serial, ok := story.Serial(e.Row.Text(story.SerialColumn(e.Table))); ok {
		return serial
	}
	return -1
}
