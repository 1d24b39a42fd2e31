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
	from    string // which collector, where there are several
	status  int
	wait    time.Duration // Retry-After
	Code    *int          `json:"code"`
	Text    string        `json:"text"`
	Invalid *int          `json:"invalid-event-number"`
	AckID   *int64        `json:"ackId"`
	Status  string        `json:"status"` // of receivers that have no codes
	body    string        // of a reply without a code, its beginning
	lenient bool          // a status that says success counts as a code of 0
	asked   bool          // an empty request was answered like this
}

// maxReply bounds what is read of a reply.
const maxReply = 1 << 20

// maxText is more than is shown of a reply's text.
const maxText = 4 << 10

// readReply reads a response to its end. The error is a cut connection; a body that isn't the collector's leaves
// Code nil.
func readReply(r *http.Response) (reply, error) {
	out := reply{status: r.StatusCode, wait: endpoint.RetryAfter(r.Header.Get("Retry-After"), time.Now())}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReply))
	if err != nil {
		return out, fmt.Errorf("read the reply: %w", err)
	}
	if json.Unmarshal(body, &out) != nil {
		out.Code, out.Text, out.Invalid, out.AckID, out.Status = nil, "", nil, nil, ""
	}
	if out.Code == nil {
		out.body = string(body[:min(len(body), maxText)])
	}
	return out, nil
}

// read is readReply without the secrets that the reply repeats, as some proxies do. They are taken out here, as what is shown of the
// text is cut.
func (s *Sink) read(response *http.Response) (reply, error) {
	r, err := readReply(response)
	r.Text = s.config.Secrets.Clean(r.Text[:min(len(r.Text), maxText)])
	r.body, r.lenient = s.config.Secrets.Clean(r.body), s.config.Lenient
	return r, err
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

// deniedWait is how long to wait before a token or a setting that doesn't fit is tried again.
const deniedWait = 30 * time.Second

// err is the reply as an error for people, a *pipeline.RetryAfter when the collector asked to wait.
func (r reply) err() error {
	err := errors.New(strings.TrimSpace(r.from + " " + r.String() + ": " + r.advice()))
	switch {
	case r.verdict() == denied, r.verdict() == misfit, r.verdict() == wrongIndex, r.verdict() == stranger && r.asked: // until somebody has mended it
		return &pipeline.RetryAfter{Wait: max(r.wait, deniedWait), Err: err}
	case r.wait > 0:
		return &pipeline.RetryAfter{Wait: r.wait, Err: err}
	}
	return err
}

// reason is why an event was refused, for its dead letter.
func (r reply) reason() string {
	if r.Code == nil {
		return r.String() + ": " + r.advice()
	}
	return r.String()
}

// String is the status, and the code and text if there were any.
func (r reply) String() string {
	switch {
	case r.verdict() == stranger && strings.TrimSpace(r.body) == "":
		return fmt.Sprintf("answered HTTP %d with nothing, where a collector gives its code", r.status)
	case r.verdict() == stranger:
		return fmt.Sprintf("answered HTTP %d without a HEC code (%.200s)", r.status, strings.Join(strings.Fields(r.body), " "))
	case r.Code == nil:
		return fmt.Sprintf("answered HTTP %d without a HEC code", r.status)
	}
	return fmt.Sprintf("answered HTTP %d, code %d (%.200s)", r.status, *r.Code, r.Text)
}
