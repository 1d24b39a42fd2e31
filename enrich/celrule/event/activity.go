package event

import (
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// outcome is how an action of Azure Resource Manager went, as far as one of its records tells.
type outcome int

const (
	open   outcome = iota // it was begun or accepted, or the record doesn't say
	done                  // it was done
	failed                // it was refused, given up or went wrong
)

// activityStatus are the columns with the status of an action: today's, the one of rows before 2019, and that of records which
// came by way of an event hub.
func activityStatus() []string {
	return []string{"ActivityStatusValue", "ActivityStatus", "ResultType"}
}

// activitySubstatus are the columns with the answer's HTTP status in words.
func activitySubstatus() []string {
	return []string{"ActivitySubstatusValue", "ActivitySubstatus", "ResultSignature"}
}

func activityColumns() []string {
	return slices.Concat(activityStatus(), activitySubstatus(), []string{"EventName", "Properties_d", "Properties"})
}

func activitySuccess(f *Frame) bool { return f.activityOutcome() == done }
func activityFailed(f *Frame) bool  { return f.activityOutcome() == failed }

// activityOutcome asks all columns that tell of success; one that says that it failed outweighs the others. The answer's HTTP
// status counts only in the record of an end, as other records may carry that of accepting the request.
// https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
func (f *Frame) activityOutcome() outcome {
	said, ended := open, false
	for _, column := range append(activityStatus(), "EventName") {
		status := f.foldColumn(column)
		switch statusOutcome(status) {
		case failed:
			return failed
		case done:
			said = done
		}
		ended = ended || strings.HasPrefix(status, "end")
	}
	if said == done || !ended {
		return said
	}
	for _, column := range activitySubstatus() {
		if status := f.foldColumn(column); status != "" {
			return answerOutcome(status)
		}
	}
	return answerOutcome(Fold(celval.Text(celval.MemberAnyCase(f.jsonColumn("Properties_d", "Properties"), "statusCode"))))
}

// statusOutcome compares by the beginning: the words were Succeeded and Failed and are Success and Failure. The status is folded.
func statusOutcome(status string) outcome {
	begins := func(word string) bool { return strings.HasPrefix(status, word) }
	switch {
	case slices.ContainsFunc([]string{"succe", "complete"}, begins):
		return done
	case slices.ContainsFunc([]string{"fail", "error", "cancel", "reject", "denied", "timeout", "timed out"}, begins):
		return failed
	}
	return open
}

// answerOutcome reads an HTTP status: "created", "ok (http status code: 200)", "201", "succeeded.created". The status is folded.
func answerOutcome(status string) outcome {
	if of := statusOutcome(status); of != open {
		return of
	}
	begins := func(word string) bool { return strings.HasPrefix(status, word) }
	switch {
	case status == "" || slices.ContainsFunc([]string{"accepted", "202", "start", "begin", "100", "none"}, begins):
		return open
	case slices.ContainsFunc([]string{"ok", "created", "no content", "nocontent", "200", "201", "204"}, begins):
		return done
	}
	return failed
}
