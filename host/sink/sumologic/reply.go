package sumologic

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// reply is what the source said to a request. Its text is not kept: proxies may repeat the address in it.
type reply struct {
	status int
	page   bool          // the text is HTML, which isn't the source's
	wait   time.Duration // Retry-After
}

// verdict is what a reply means for the events in the request.
type verdict int

const (
	failed    verdict = iota // nothing is known to be delivered
	delivered                // all are
	invalid                  // one of them is refused for what it is
	tooLarge                 // the request is
	denied                   // the address is
)

// maxReply bounds what is read of a reply.
const maxReply = 1 << 20

// readReply reads a response to its end. The error is a cut connection.
func readReply(r *http.Response) (reply, error) {
	out := reply{status: r.StatusCode, wait: endpoint.RetryAfter(r.Header.Get("Retry-After"), time.Now())}
	n, err := io.Copy(io.Discard, io.LimitReader(r.Body, maxReply))
	if err != nil {
		return out, fmt.Errorf("read the reply: %w", err)
	}
	out.page = n > 0 && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
	return out, nil
}

// verdict follows the source's documentation for 200, 401, 408, 429, 503 and 504; the others are what HTTP says they are.
// https://www.sumologic.com/help/docs/send-data/hosted-collectors/http-source/troubleshooting/
func (r reply) verdict() verdict {
	switch r.status {
	case http.StatusOK:
		if r.page {
			return failed
		}
		return delivered
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusUnauthorized, http.StatusForbidden:
		return denied
	case http.StatusBadRequest:
		return invalid
	}
	return failed
}

// The waits where the source doesn't name one.
const (
	deniedWait    = 30 * time.Second
	throttledWait = 5 * time.Second
)

// err is the reply as an error for people, a *pipeline.RetryAfter when it is known how long to wait.
func (r reply) err() error {
	err := errors.New(r.String() + ": " + r.advice())
	wait := r.wait
	switch {
	case r.verdict() == denied:
		wait = max(wait, deniedWait)
	case r.status == http.StatusTooManyRequests:
		wait = max(wait, throttledWait)
	}
	if wait > 0 {
		return &pipeline.RetryAfter{Wait: wait, Err: err}
	}
	return err
}

// String is the status.
func (r reply) String() string { return fmt.Sprintf("answered HTTP %d", r.status) }

// advice says what to do.
func (r reply) advice() string {
	switch {
	case r.verdict() == denied:
		return "the code in url_file is unknown or was revoked"
	case r.status == http.StatusTooManyRequests:
		return "throttled, as the account sends more than its quota; nothing of the request was kept"
	case r.status == http.StatusRequestTimeout || r.status >= 500:
		return "busy or down, to be tried again"
	case r.status >= 300 && r.status < 400:
		return "redirects are not followed; put the new address into url_file"
	case r.status == http.StatusNotFound:
		return "is the address in url_file whole?"
	case r.page:
		return "with a web page, which no HTTP source does; is a proxy in between?"
	}
	return "not delivered"
}
