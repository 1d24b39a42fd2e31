package checkup

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Table is the table of test events.
const Table = "RiskrelayCheck"

// Event is a test event, of now and with an id of its own, that says what it is.
func Event(now time.Time, host string) (enrich.Event, error) {
	columns := enrich.NewColumns(
		[]string{"TimeGenerated", "Type", "Message", "Host"},
		[]enrich.Type{enrich.Datetime, enrich.String, enrich.String, enrich.String})
	text := []byte{'['}
	for i, cell := range []string{
		now.UTC().Format("2006-01-02T15:04:05.0000000Z"), Table, "test event of `riskrelay check sink`: nothing happened", host,
	} {
		if i > 0 {
			text = append(text, ',')
		}
		text = enrich.AppendString(text, cell)
	}
	row, err := enrich.SplitArray(columns, append(text, ']'))
	if err != nil {
		return enrich.Event{}, fmt.Errorf("make a test event: %w", err)
	}
	return enrich.Event{ID: "check-" + rand.Text(), Time: now.UTC(), Table: Table, Row: row}, nil
}
