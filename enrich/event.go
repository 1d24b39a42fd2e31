package enrich

import "time"

// Event is one row of a Log Analytics table on its way to the sinks.
type Event struct {
	// ID is the same each time the same row is read: the service's _ItemId, or a digest of the row's content
	// where the table has none.
	ID string
	// Time is when it happened (TimeGenerated), in UTC; zero when nobody knows.
	Time time.Time
	// Table is the Log Analytics table, such as "AuditLogs".
	Table string
	// Row holds the columns. It is never changed after it was read.
	Row
	// Late says that the row is of a minute of ingestion that was read before and lacked rows: it is one of those, or is sent
	// once more with the same ID.
	Late bool
	// Risk is what the modules said; the zero value when nothing matched.
	Risk Risk
}
