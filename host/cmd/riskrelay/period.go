package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// addPeriod adds the flags for a stretch of time of ingestion. Where begin and end are empty, they have to be given.
func addPeriod(c *cobra.Command, from, to *string, begin, end string) {
	c.Flags().StringVar(from, "from", begin, "begin: a time as 2026-01-02T15:04:05Z, a day as 2026-01-02 (UTC), or how long ago as 24h or 7d")
	c.Flags().StringVar(to, "to", end, "end, in the same words; 0s is now")
}

// period reads the flags.
func period(from, to string, now time.Time) (begin, end time.Time, err error) {
	if begin, err = moment(from, now); err != nil {
		return begin, end, fmt.Errorf("--from: %w", err)
	}
	if end, err = moment(to, now); err != nil {
		return begin, end, fmt.Errorf("--to: %w", err)
	}
	if !begin.Before(end) {
		return begin, end, fmt.Errorf("--from %s isn't before --to %s", from, to)
	}
	return begin, end, nil
}

func moment(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	ago, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16) // enough for a century
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago < 0 {
		return time.Time{}, fmt.Errorf("%q is no time as 2026-01-02T15:04:05Z, no day as 2026-01-02, and no time ago as 24h or 7d", text)
	}
	return now.UTC().Add(-ago), nil
}
