package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/rules"
)

// envelope is what the report reads of a received event.
type envelope struct {
	Event struct {
		Risk enrich.Risk `json:"risk"`
	} `json:"event"`
}

// found counts what was received: tagged events, and per row of the guide events and the highest severity.
type found struct {
	tagged int
	rows   map[string]int
	level  map[string]enrich.Severity
}

func (f *found) add(line []byte) error {
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if e.Event.Risk.Tagged() {
		f.tagged++
	}
	seen := map[string]bool{}
	for _, rule := range e.Event.Risk.Rules {
		for _, row := range rule.Guide {
			f.level[row] = max(f.level[row], rule.Severity)
			if !seen[row] {
				seen[row] = true
				f.rows[row]++
			}
		}
	}
	return nil
}

// report prints what the collector got.
func (d *demo) report(ctx context.Context, figures pipeline.Figures, sent int, collector *hectest.Server, took time.Duration) error {
	f := &found{rows: map[string]int{}, level: map[string]enrich.Severity{}}
	if err := lines(d.path("events.ndjson"), f.add); err != nil {
		return fmt.Errorf("read what was received: %w", err)
	}
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nevents in the sources     %d\nread and tagged           %d, %d of them match a rule\nconfirmed by the sink     %d, in %.1f s\n\n", //nolint:errcheck // nobody is left to tell
		sent, figures.Read, f.tagged, figures.Sinks["demo"].Confirmed, took.Seconds())
	if err := f.table(d.out, guide, d.off(ctx)); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\nsearch what the SIEM got:\n  grep '\"admin-consent-privileged\"' %[1]s\n  grep -o '\"tags\":[^]]*]' %[1]s | sort | uniq -c | sort -rn\n", //nolint:errcheck // nobody is left to tell
		d.path("events.ndjson"))
	if got := collector.Events.Len(); got != sent {
		return fmt.Errorf("the sources have %d events, %d were received", sent, got)
	}
	return nil
}

func (f *found) table(w io.Writer, guide []rules.Row, off map[string]string) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ROW OF THE GUIDE\tRISK\tEVENTS\tHIGHEST\tWHAT TO MONITOR") //nolint:errcheck // Flush reports it
	for _, r := range slices.DeleteFunc(slices.Clone(guide), rules.Row.Note) {
		level := f.level[r.Slug].String()
		if f.rows[r.Slug] == 0 {
			level = off[r.Slug]
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", r.Slug, r.Risk, f.rows[r.Slug], level, r.Title) //nolint:errcheck // Flush reports it
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
