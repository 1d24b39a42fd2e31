package loganalytics

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// failure is the service's account of what went wrong: codes from the outside in, and the innermost message, which
// says most. https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
type failure struct {
	codes   []string
	message string
}

func (f failure) String() string {
	text := strings.Join(f.codes, "/")
	if f.message != "" {
		text = strings.TrimPrefix(text+": "+f.message, ": ")
	}
	return text
}

func (f failure) has(code string) bool { return slices.Contains(f.codes, code) }

// parseFailure reads {"code", "message", "details": [..], "innererror": {..}}, nested as deep as the service likes. A
// text of another shape is an empty failure.
func parseFailure(text []byte) (f failure) {
	type level struct {
		Code, Message string
		InnerError    json.RawMessage
		Details       []json.RawMessage
	}
	for depth := 0; len(text) > 0 && depth < 16; depth++ {
		var l level
		if json.Unmarshal(text, &l) != nil {
			break
		}
		if l.Code != "" {
			f.codes = append(f.codes, l.Code)
		}
		if l.Message != "" {
			f.message = azure.OneLine(l.Message)
		}
		text = l.InnerError
		if len(text) == 0 && len(l.Details) > 0 {
			text = l.Details[0]
		}
	}
	return f
}

// ServiceError is a reply of the query API that is no 200.
type ServiceError struct {
	Status int    // HTTP status
	Reason string // the service's words
	Advice string // what to do about it; "" when there is nothing to do but wait
	wait   time.Duration
	failure
}

// Error holds the status, the service's words and the advice.
func (e *ServiceError) Error() string {
	text := fmt.Sprintf("the service answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Advice != "" {
		text += ". " + e.Advice
	}
	return text
}

// serviceError makes sense of azcore's error.
func serviceError(err *azcore.ResponseError) *ServiceError {
	e := &ServiceError{Status: err.StatusCode, Advice: advice(err.StatusCode)}
	if r := err.RawResponse; r != nil {
		e.wait = azure.RetryAfter(r.Header)
		if body, err := io.ReadAll(r.Body); err == nil { // azcore has it in memory
			var whole struct{ Error json.RawMessage }
			if json.Unmarshal(body, &whole) == nil {
				e.failure = parseFailure(whole.Error)
			}
		}
	}
	if len(e.codes) == 0 && err.ErrorCode != "" {
		e.codes = []string{err.ErrorCode}
	}
	e.Reason = e.failure.String()
	return e
}

func advice(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Check credential (tenant_id, client_id), cloud and audience"
	case http.StatusForbidden:
		return `Grant the identity the role "Log Analytics Reader" on the workspace; a new grant takes up to an hour to work`
	case http.StatusNotFound:
		return "No such workspace: check workspace (the GUID on its Overview page), cloud and endpoint"
	}
	return ""
}

// noTable reports whether the query failed because the workspace doesn't have the table: tables come into being with
// their first row.
func (e *ServiceError) noTable(table string) bool {
	return e.Status == http.StatusBadRequest && e.has("SEM0100") &&
		strings.Contains(e.message, "resolve table") && strings.Contains(e.message, "'"+table+"'")
}

// throttlePause is how long to wait after a 429 that doesn't say how long.
const throttlePause = 30 * time.Second

// refusal is how long to wait after refusals that only a person can end.
func refusal() backoff.Policy { return backoff.Policy{Min: 5 * time.Second, Max: 5 * time.Minute} }

// IncompleteError says that a window's rows are not all there although it can't be cut any smaller. All rows that the
// service gave were delivered; the window must be read again later.
type IncompleteError struct {
	Window pipeline.Window
	Rows   int // delivered
	Err    error
}

// Error names the window, the rows and the reason.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("%v is incomplete, %d rows were delivered: %v", e.Window, e.Rows, e.Err)
}

// Unwrap returns the reason.
func (e *IncompleteError) Unwrap() error { return e.Err }
