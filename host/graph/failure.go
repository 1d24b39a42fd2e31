package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/riskrelay/riskrelay/host/azure"
)

// ErrResync says that the service doesn't know any more what changed since a link: begin with an empty one.
// https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset
var ErrResync = errors.New("the service can't tell what changed since then")

// Error is an answer of Microsoft Graph that is no 200.
// https://learn.microsoft.com/graph/errors
type Error struct {
	Status    int           // HTTP status
	Code      string        // the service's code, such as Authorization_RequestDenied
	Message   string        // the service's words, on one line
	RequestID string        // what Microsoft's support asks for
	Wait      time.Duration // how long the service asks to wait; 0 when it doesn't say
	Advice    string        // what to do about it; "" when there is nothing to do but wait
}

// Error holds the status, the service's words, the request's id and the advice.
func (e *Error) Error() string {
	text := fmt.Sprintf("the service answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	if e.Advice != "" {
		text += ". " + e.Advice
	}
	return text
}

// Is makes an answer 410 an ErrResync.
func (e *Error) Is(target error) bool { return target == ErrResync && e.Status == http.StatusGone }

// serviceError makes sense of an answer. One of another shape, as of a proxy, has no code.
func serviceError(resp *http.Response, body []byte) *Error {
	var told struct {
		Error struct {
			Code, Message string
			InnerError    struct {
				RequestID string `json:"request-id"`
			}
		}
	}
	_ = json.Unmarshal(body, &told) // what isn't there stays empty
	return &Error{
		Status: resp.StatusCode, Code: azure.OneLine(told.Error.Code), Message: azure.OneLine(told.Error.Message),
		RequestID: azure.OneLine(told.Error.InnerError.RequestID), Wait: azure.RetryAfter(resp.Header), Advice: advice(resp.StatusCode),
	}
}

func advice(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Check credential (tenant_id, client_id), cloud and audience"
	case http.StatusNotFound:
		return "Check cloud and endpoint"
	}
	return ""
}

// needs adds to a refusal which permission is missing.
func needs(err error, permission string) error {
	if refused := new(Error); errors.As(err, &refused) && refused.Status == http.StatusForbidden && permission != "" {
		refused.Advice = fmt.Sprintf("Grant the identity the application permission %s of Microsoft Graph, with admin consent", permission)
	}
	return err
}
