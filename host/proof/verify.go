package proof

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Request asks for a comparison.
type Request struct {
	From   time.Time     `json:"from"` // inside; cut to a minute
	To     time.Time     `json:"to"`   // not inside; cut to a minute
	Bin    time.Duration `json:"bin"`  // a whole number of minutes, in nanoseconds
	Table  string        `json:"table,omitempty"`
	Repair bool          `json:"repair,omitempty"` // have minutes that lack rows read again
}

// Report is the answer.
type Report struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Bins    []Bin     `json:"bins"`
	Differs int       `json:"differs"` // bins
	Open    int       `json:"open"`    // bins
	// Unrecorded are bins of which the ledger, which was lost, says nothing. They are no difference.
	Unrecorded int `json:"unrecorded"`
	// Repaired is how many rows are read again.
	Repaired int64 `json:"repaired"`
	// Left is how many windows are still to be read again.
	Left int `json:"left"`
}

// RequestError says that a request makes no sense.
type RequestError struct{ Err error }

func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RequestError) Unwrap() error { return e.Err }

// longestVerify bounds what one request compares.
const longestVerify = 32 * 24 * time.Hour

func (r Request) check() error {
	switch {
	case !r.From.Before(r.To):
		return errors.New("the time ends before it begins")
	case r.To.Sub(r.From) > longestVerify:
		return fmt.Errorf("the time is longer than %d days: compare it in parts", longestVerify/(24*time.Hour))
	case r.Bin < time.Minute || r.Bin%time.Minute != 0:
		return fmt.Errorf("a bin of %v is no whole number of minutes, 1 or more", r.Bin)
	}
	return nil
}

// Verify compares the streams of the request's table, or all that can be counted, with record's state of each. With Repair
// it plans to read again what a sink lacks. A *RequestError is the asker's mistake, an *AskError the source's failure.
func (c Check) Verify(ctx context.Context, streams []pipeline.Stream, record func(stream string) (pipeline.Record, error), r Request) (Report, error) {
	if err := r.check(); err != nil {
		return Report{}, &RequestError{err}
	}
	report, known := Report{From: r.From.UTC(), To: r.To.UTC(), Bins: []Bin{}}, false
	for _, s := range streams {
		if s.Count == nil || s.Volatile || r.Table != "" && s.Table != r.Table {
			continue
		}
		known = true
		one, err := record(s.Name)
		if err != nil {
			return Report{}, err
		}
		bins, gaps, err := c.Compare(ctx, s, one.State(), r.From, r.To, r.Bin)
		if err != nil {
			return Report{}, err
		}
		if r.Repair {
			rows, err := Plan(one, gaps)
			if err != nil {
				return Report{}, err
			}
			report.Repaired += rows
		}
		report.Bins = append(report.Bins, bins...)
		report.Left += one.State().AgainLeft(c.Sinks)
	}
	if !known && r.Table != "" {
		return Report{}, &RequestError{fmt.Errorf("no workspace of the configuration is read for the table %s", r.Table)}
	}
	for _, b := range report.Bins {
		switch b.State {
		case Differs:
			report.Differs++
		case Pending:
			report.Open++
		case Unrecorded:
			report.Unrecorded++
		case Expired, Before, OK:
		}
	}
	return report, nil
}
