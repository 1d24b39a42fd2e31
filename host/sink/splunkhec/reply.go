package splunkhec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// reply is what the collector said to a request.
type reply struct {
	status  int
	wait    time.Duration // Retry-After
	Code    *int          `json:"code"`
	Text    string        `json:"text"`
	Invalid *int          `json:"invalid-event-number"`
	AckID   *int64        `json:"ackId"`
}

// verdict is what a reply means for the events in the request.
type verdict int

const (
	failed    verdict = iota // nothing is known to be delivered
	delivered                // all are
	invalid                  // one of them is refused for what it is
	tooLarge                 // the request is
	denied                   // the token is
)

// The codes of the collector that say more than the HTTP status beside them.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector
const (
	codeSuccess          = 0
	codeTokenDisabled    = 1
	codeTokenRequired    = 2
	codeBadAuthorization = 3
	codeInvalidToken     = 4
	codeNoData           = 5
	codeInvalidFormat    = 6
	codeWrongIndex       = 7
	codeNoChannel        = 10
	codeBadChannel       = 11
	codeEventRequired    = 12
	codeEventBlank       = 13
	codeAckOff           = 14
	codeIndexedFields    = 15
	codeQueueNearFull    = 24
	codeAcksNearFull     = 25
)

// maxReply bounds what is read of a reply.
const maxReply = 1 << 20

// readReply reads a response to its end. The error is a cut connection; a body that isn't the collector's leaves
// Code nil.
func readReply(r *http.Response) (reply, error) {
	out := reply{status: r.StatusCode, wait: endpoint.RetryAfter(r.Header.Get("Retry-After"), time.Now())}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReply))
	if err != nil {
		return out, fmt.Errorf("read the reply: %w", err)
	}
	if json.Unmarshal(body, &out) != nil {
		out.Code, out.Text, out.Invalid, out.AckID = nil, "", nil, nil
	}
	return out, nil
}

func (r reply) verdict() verdict {
	switch {
	case r.status == http.StatusOK && r.is(codeSuccess, codeQueueNearFull, codeAcksNearFull):
		return delivered
	case r.status == http.StatusRequestEntityTooLarge:
		return tooLarge
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		return denied
	case r.status == http.StatusBadRequest &&
		r.is(codeNoData, codeInvalidFormat, codeEventRequired, codeEventBlank, codeIndexedFields):
		return invalid
	}
	return failed
}

func (r reply) is(codes ...int) bool {
	for _, c := range codes {
		if r.Code != nil && *r.Code == c {
			return true
		}
	}
	return false
}

// nearFull reports whether the collector took the events but asks for fewer.
func (r reply) nearFull() bool { return r.is(codeQueueNearFull, codeAcksNearFull) }

// deniedWait is how long to wait before the token is tried again.
const deniedWait = 30 * time.Second

// err is the reply as an error for people, a *pipeline.RetryAfter when the collector asked to wait.
func (r reply) err() error {
	err := errors.New(strings.TrimSpace(r.String() + ": " + r.advice()))
	switch {
	case r.verdict() == denied:
		return &pipeline.RetryAfter{Wait: max(r.wait, deniedWait), Err: err}
	case r.wait > 0:
		return &pipeline.RetryAfter{Wait: r.wait, Err: err}
	}
	return err
}

// String is the status, and the code and text if there were any.
func (r reply) String() string {
	if r.Code == nil {
		return fmt.Sprintf("answered HTTP %d without a HEC code", r.status)
	}
	return fmt.Sprintf("answered HTTP %d, code %d (%.200s)", r.status, *r.Code, r.Text)
}

// advice says what to do.
func (r reply) advice() string {
	switch {
	case r.verdict() == denied:
		return "check the token in token_file and that it is enabled"
	case r.is(codeWrongIndex):
		return "the index doesn't exist or the token may not write to it"
	case r.is(codeNoChannel, codeBadChannel):
		return "the token wants acknowledgement: set ack to true"
	case r.is(codeAckOff):
		return "the token has no acknowledgement: set ack to false, or turn useACK on"
	case r.status >= 300 && r.status < 400:
		return "redirects are not followed; is url right?"
	case r.status == http.StatusNotFound:
		return "is url right, and the HTTP Event Collector enabled?"
	case r.status == http.StatusTooManyRequests || r.status >= 500:
		return "busy or down, to be tried again"
	case r.Code == nil:
		return "not a reply of an HTTP Event Collector; is a proxy in between?"
	}
	return "not delivered"
}
