package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Counts returns the minutes of w in which rows were ingested, in order. Minutes that w cuts hold what lies in w. It
// answers in one query what reading would answer in many, and so shows whether rows came late. Its errors are those
// of Read.
func (s *Source) Counts(ctx context.Context, w pipeline.Window) ([]pipeline.Run, error) {
	var c counts
	result, err := s.query.Query(ctx, s.table.countQuery(w), &c)
	if err == nil {
		s.answered()
		if err = result.tooLarge(); err != nil {
			err = fmt.Errorf("%w: %w", pipeline.ErrTooLarge, err)
		}
	} else {
		err = s.failed(ctx, w, err)
	}
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", s.table.Name, err)
	}
	slices.SortFunc(c.bins, func(a, b pipeline.Run) int { return a.Minute.Compare(b.Minute) })
	return c.bins, nil
}

// Compare is Counts for those who have time: one query at a time for all tables, so that reading isn't held up.
func (s *Source) Compare(ctx context.Context, w pipeline.Window) ([]pipeline.Run, error) {
	select {
	case s.patient <- struct{}{}:
		defer func() { <-s.patient }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.Counts(ctx, w)
}

// count is how many rows w has.
func (s *Source) count(ctx context.Context, w pipeline.Window) (rows int, err error) {
	bins, err := s.Counts(ctx, w)
	return (&counts{bins: bins}).total(), err
}

// counts receives the reply of a count query: a time and a number, under names that the service chooses.
type counts struct {
	start, rows int
	bins        []pipeline.Run
}

// total is how many rows there are.
func (c *counts) total() (rows int) {
	for _, b := range c.bins {
		rows += b.Rows
	}
	return rows
}

func (c *counts) begin(_ []string, types []enrich.Type) error {
	c.start, c.rows = slices.Index(types, enrich.Datetime), slices.Index(types, enrich.Long)
	if len(types) != 2 || c.start < 0 || c.rows < 0 {
		return errors.New("reply to a count has other columns than a time and a number")
	}
	return nil
}

func (c *counts) row(text []byte, cells []enrich.Span, _ []byte) error {
	start, err := parseTime(text, cells[c.start])
	if err != nil {
		return fmt.Errorf("read a minute: %w", err)
	}
	n := cells[c.rows]
	rows, err := strconv.Atoi(string(text[n.Start:n.End]))
	if err != nil {
		return fmt.Errorf("read a count: %w", err)
	}
	c.bins = append(c.bins, pipeline.Run{Minute: start, Rows: rows})
	return nil
}
