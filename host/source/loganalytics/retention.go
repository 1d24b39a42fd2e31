package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

const (
	// leastRetention is the shortest time for which a workspace can be told to keep a table.
	// https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure
	leastRetention = 4 * 24 * time.Hour
	// mostAhead is how far a row's TimeGenerated may lie behind its ingestion: more is replaced by the service.
	// https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns#timegenerated
	mostAhead = 24 * time.Hour
)

// readable is from where on a stream that was away can be read: frontier, or later where the workspace has deleted what came
// before. It is asked once for each time that the frontier gets older than the shortest retention.
func (s *Source) readable(ctx context.Context, frontier, now time.Time) (time.Time, error) {
	if frontier.IsZero() || now.Sub(frontier) < leastRetention {
		s.kept.Store(false)
		return frontier, nil
	}
	if s.kept.Load() {
		return frontier, nil
	}
	var oldest oldestRow
	result, err := s.query.Query(ctx, s.table.oldestQuery(), &oldest)
	if err == nil {
		err = result.tooLarge() // the oldest of some rows only may be one that isn't old
	}
	if err != nil {
		return frontier, fmt.Errorf("ask for the oldest row of %s: %w", s.table.Name, err)
	}
	s.kept.Store(true)
	from := oldest.at.Add(-mostAhead).Truncate(time.Minute)
	if oldest.at.IsZero() || !from.After(frontier) {
		return frontier, nil
	}
	s.log.WithField("table", s.table.Name).Errorf("rows ingested from %s to %s can't be read any more: the workspace has deleted them (%s)",
		frontier.Format(time.RFC3339), from.Format(time.RFC3339), from.Sub(frontier).Round(time.Minute))
	return from, nil
}

// oldestRow receives the reply of an oldest query: one time, null where there is no row.
type oldestRow struct{ at time.Time }

func (o *oldestRow) begin(_ []string, types []enrich.Type) error {
	if len(types) != 1 || types[0] != enrich.Datetime {
		return errors.New("reply about the oldest row has other columns than a time")
	}
	return nil
}

func (o *oldestRow) row(text []byte, cells []enrich.Span, _ []byte) (err error) {
	if string(text[cells[0].Start:cells[0].End]) == "null" {
		return nil
	}
	if o.at, err = parseTime(text, cells[0]); err != nil {
		return fmt.Errorf("read the time of the oldest row: %w", err)
	}
	return nil
}
