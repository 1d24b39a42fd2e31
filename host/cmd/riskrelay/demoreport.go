package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/view"
	"github.com/riskrelay/riskrelay/rules"
)

// report prints what the collector got.
func (d *demo) report(ctx context.Context, figures pipeline.Figures, sent int, collector *hectest.Server, took time.Duration) error {
	f := view.NewFound()
	if err := lines(d.path("events.ndjson"), f.Add); err != nil {
		return fmt.Errorf("read what was received: %w", err)
	}
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nevents in the sources     %d\nread and tagged           %d, %d of them match a rule\nconfirmed by the sink     %d, in %.1f s\n\n", //nolint:errcheck // nobody is left to tell
		sent, figures.Read, f.Tagged, figures.Sinks["demo"].Confirmed, took.Seconds())
	if _, err := io.WriteString(d.out, view.FoundText(f.Rows(guide, d.off(ctx)))); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(d.out, "\nsearch what the SIEM got:\n  grep '\"admin-consent-privileged\"' %[1]s\n  grep -o '\"tags\":[^]]*]' %[1]s | sort | uniq -c | sort -rn\n", //nolint:errcheck // nobody is left to tell
		d.path("events.ndjson"))
	if got := collector.Events.Len(); got != sent {
		return fmt.Errorf("the sources have %d events, %d were received", sent, got)
	}
	return nil
}
