package enrich

import "strings"

// Log Analytics copies rows into tables of other names, with the columns of the first: a restore makes NAME_RST, a search job
// NAME_SRCH. Rules for a table are about such rows, too.
// https://learn.microsoft.com/azure/azure-monitor/logs/restore, https://learn.microsoft.com/azure/azure-monitor/logs/search-jobs
const (
	RestoredSuffix = "_RST"
	FoundSuffix    = "_SRCH"
)

// OriginalTypeColumn is the column with the table that a row comes from which a search job found.
const OriginalTypeColumn = "_OriginalType"

// Origin is the one of the tables that known knows from which the rows of a table come: the table itself, or the one that it was
// copied from. Who makes the copy chooses its name, of which the table's own is the beginning as a rule: AuditLogs_2025_RST.
// False says that known knows none.
func Origin(table string, known func(table string) bool) (string, bool) {
	if known(table) {
		return table, true
	}
	name, restored := strings.CutSuffix(table, RestoredSuffix)
	if !restored {
		var found bool
		if name, found = strings.CutSuffix(table, FoundSuffix); !found {
			return "", false
		}
	}
	for !known(name) {
		end := strings.LastIndexByte(name, '_')
		if end < 0 {
			return "", false
		}
		name = name[:end]
	}
	return name, true
}

// Origin is the one of the tables that known knows from which the event comes, see the function [Origin]. What a search job says of
// a row counts more than the name of its table.
func (e *Event) Origin(known func(table string) bool) (string, bool) {
	if strings.HasSuffix(e.Table, FoundSuffix) && !known(e.Table) {
		if name := e.Text(OriginalTypeColumn); name != "" {
			return Origin(name, known)
		}
	}
	return Origin(e.Table, known)
}

// isCopy reports whether a table's name is that of a copy.
func isCopy(table string) bool {
	return strings.HasSuffix(table, RestoredSuffix) || strings.HasSuffix(table, FoundSuffix)
}

// Concerns reports whether a module with the selector asks for the event.
func (e *Event) Concerns(s Selector) bool {
	if s.Wants(e.Table) {
		return true
	}
	if !isCopy(e.Table) {
		return false // most events, without memory for a function
	}
	_, ok := e.Origin(s.Wants)
	return ok
}
