package enrich

import "time"

// timeColumn is the column with the time of a row, in every table.
const timeColumn = "TimeGenerated"

// OriginalTimeColumn is the column with the time of a row that a search job found; TimeGenerated is when the job ran.
// https://learn.microsoft.com/azure/azure-monitor/logs/search-jobs
const OriginalTimeColumn = "_OriginalTimeGenerated"

// HappenedAt is when the event of a row happened, in UTC; false when the row doesn't say, or says it in a way that
// [ParseTime] can't read.
func HappenedAt(row *Row) (time.Time, bool) {
	cell := row.Lookup(OriginalTimeColumn)
	if IsNothing(cellText(cell)) {
		cell = row.Lookup(timeColumn)
	}
	return TimeCell(cell)
}

// TimeCell is the time in a cell, text or number; false for none, or one that [ParseTime] can't read.
func TimeCell(cell []byte) (time.Time, bool) {
	if len(cell) == 0 || cell[0] == 'n' { // null
		return time.Time{}, false
	}
	text := cell
	if cell[0] == '"' {
		var err error
		if text, err = Unquote(cell); err != nil {
			return time.Time{}, false
		}
	}
	var at time.Time
	if at.UnmarshalText(text) == nil { // what the service itself writes, read without an allocation
		return sinceEpoch(at, true)
	}
	return ParseTime(string(text))
}

// cellText is the text in a cell, "" for null and none; what is no text stands as it is.
func cellText(cell []byte) string {
	if len(cell) == 0 || cell[0] == 'n' {
		return ""
	}
	if cell[0] != '"' {
		return string(cell)
	}
	return unquoted(cell)
}

// UnknownTime is the text in which the row's time should stand where it can't be read, "" where the row has none. It is for
// messages about an event whose Time is zero, in which it has to be escaped and cut.
func (e *Event) UnknownTime() string { return cellText(e.Lookup(timeColumn)) }
