package splunkhec

import (
	"net/http"
	"strings"
)

// verdict is what a reply means for the events in the request.
type verdict int

const (
	failed     verdict = iota // nothing is known to be delivered
	delivered                 // all are
	invalid                   // one of them is refused for what it is
	tooLarge                  // the request is
	denied                    // the token is, or something before the collector refuses
	wrongIndex                // the index of one of them is
	misfit                    // the token and the sink's settings don't fit
	busy                      // nothing was taken; fewer requests, please
	stranger                  // whatever has taken the request, perhaps for good, it isn't a collector
)

// code is one of the collector's codes. It means what is said here only with its HTTP status.
type code struct {
	number, status int
	verdict        verdict
	advice         string
}

// The numbers that the sink, and not only the table, knows.
const (
	codeTokenDisabled    = 1
	codeTokenRequired    = 2
	codeBadAuthorization = 3
	codeInvalidToken     = 4
	codeNoData           = 5
	codeBadData          = 6
	codeWrongIndex       = 7
	codeNoChannel        = 10
	codeBadChannel       = 11
	codeAckOff           = 14
	codeQueueNearFull    = 24
	codeAcksNearFull     = 25
)

const (
	adviceToken   = "check the token in token_file and that it is enabled"
	adviceBusy    = "busy or down, to be tried again"
	adviceEvent   = "the event is refused for what it is"
	adviceChannel = "the token wants acknowledgement: set ack to true"
)

// codes is the collector's table of codes, as far as an answer to events can hold them. 17 to 20 are the health page's, 21 and 22
// too; 18 to 20 are also said to events by nodes that are going down.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector#Possible_error_codes
var codes = []code{
	{0, http.StatusOK, delivered, ""},
	{codeTokenDisabled, http.StatusForbidden, denied, adviceToken},
	{codeTokenRequired, http.StatusUnauthorized, denied, adviceToken},
	{codeBadAuthorization, http.StatusUnauthorized, denied, adviceToken},
	{codeInvalidToken, http.StatusForbidden, denied, adviceToken},
	{codeNoData, http.StatusBadRequest, invalid, adviceEvent},
	{codeBadData, http.StatusBadRequest, invalid, adviceEvent}, // invalid data format
	{codeWrongIndex, http.StatusBadRequest, wrongIndex, "the index doesn't exist or the token may not write to it"},
	{8, http.StatusInternalServerError, failed, adviceBusy}, // internal server error
	{9, http.StatusServiceUnavailable, busy, adviceBusy},    // server is busy
	{codeNoChannel, http.StatusBadRequest, misfit, adviceChannel},
	{codeBadChannel, http.StatusBadRequest, misfit, adviceChannel},
	{12, http.StatusBadRequest, invalid, adviceEvent}, // event field is required
	{13, http.StatusBadRequest, invalid, adviceEvent}, // event field can't be blank
	{codeAckOff, http.StatusBadRequest, misfit, "the token has no acknowledgement: set ack to false, or turn useACK on"},
	{15, http.StatusBadRequest, invalid, adviceEvent}, // error in handling indexed fields
	{16, http.StatusBadRequest, misfit, "something on the way moves the token into the URL, which the collector doesn't allow"},
	{18, http.StatusServiceUnavailable, busy, adviceBusy}, // queues are full
	{19, http.StatusServiceUnavailable, busy, adviceBusy}, // acknowledgements are unavailable
	{20, http.StatusServiceUnavailable, busy, adviceBusy}, // both
	{23, http.StatusServiceUnavailable, busy, adviceBusy}, // shutting down
	{codeQueueNearFull, http.StatusOK, delivered, ""},
	{codeAcksNearFull, http.StatusOK, delivered, ""},
	{26, http.StatusTooManyRequests, busy, adviceBusy}, // queue at capacity
	{27, http.StatusTooManyRequests, busy, adviceBusy}, // acknowledgement channel at capacity
}

// known is the table's row for r; ok is false when there is none and the HTTP status decides.
func (r reply) known() (c code, ok bool) {
	for _, c := range codes {
		if r.is(c.number) && r.status == c.status {
			return c, true
		}
	}
	return code{}, false
}

func (r reply) verdict() verdict {
	if c, ok := r.known(); ok {
		return c.verdict
	}
	if r.Code == nil && r.status >= http.StatusOK && r.status < http.StatusMultipleChoices {
		if r.lenient && strings.EqualFold(r.Status, "success") {
			return delivered
		}
		return stranger
	}
	switch r.status {
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusUnauthorized, http.StatusForbidden:
		return denied
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return busy
	}
	return failed
}

// refused reports whether the collector itself says that it took nothing.
func (r reply) refused() bool {
	c, ok := r.known()
	return ok && c.verdict != delivered && c.verdict != failed
}

// advice says what to do.
func (r reply) advice() string {
	if c, ok := r.known(); ok {
		return c.advice
	}
	switch {
	case r.verdict() == stranger && strings.EqualFold(r.Status, "success"):
		return "not the reply of an HTTP Event Collector, so that nothing counts as delivered; no batch goes out until an empty request is answered as a " +
			"collector does. If it is a receiver without codes that you trust, set lenient to true"
	case r.verdict() == stranger:
		return "not the reply of an HTTP Event Collector; is a proxy in between? No batch goes out until an empty request is answered as a collector does"
	case r.verdict() == denied && r.Code == nil:
		return "refused by something before the collector, such as a proxy, a firewall or a load balancer; the token isn't to blame"
	case r.verdict() == denied:
		return adviceToken
	case r.status >= 300 && r.status < 400:
		return "redirects are not followed; is url right?"
	case r.status == http.StatusNotFound:
		return "is url right, and the HTTP Event Collector enabled?"
	case r.status == http.StatusUnsupportedMediaType:
		return "something on the way doesn't take compressed requests: set gzip to false"
	case r.status == http.StatusTooManyRequests || r.status >= 500:
		return adviceBusy
	case r.Code == nil:
		return "not a reply of an HTTP Event Collector; is a proxy in between?"
	}
	return "not delivered"
}
