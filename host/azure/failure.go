package azure

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// maxMessage is how much of a service's message goes into an error.
const maxMessage = 600

// OneLine makes a message fit for a log: no line breaks, not too long.
func OneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "..."
	}
	return text
}

// maxRetryAfter is how long is waited at most: should a service ask for more, it is asked again nevertheless.
const maxRetryAfter = time.Hour

// RetryAfter is how long a reply asks to wait, 0 if it doesn't. The last two headers are Azure's own, in ms.
func RetryAfter(h http.Header) (wait time.Duration) {
	if text := h.Get("Retry-After"); text != "" {
		if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
			wait = time.Duration(seconds) * time.Second
		} else if at, err := http.ParseTime(text); err == nil {
			wait = time.Until(at)
			if now, err := http.ParseTime(h.Get("Date")); err == nil { // by the same clock
				wait = at.Sub(now)
			}
		}
	}
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.ParseInt(h.Get(name), 10, 64); err == nil && wait == 0 {
			wait = time.Duration(min(ms, maxRetryAfter.Milliseconds())) * time.Millisecond
		}
	}
	return min(max(wait, 0), maxRetryAfter)
}

// TokenError shortens what azidentity says when it gets no token, which runs over many lines. It is nil when err is about
// something else.
func TokenError(err error) error {
	if !errors.As(err, new(*azidentity.AuthenticationFailedError)) {
		return nil
	}
	text := err.Error()
	if i := strings.Index(text, "AADSTS"); i >= 0 { // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
		text, _, _ = strings.Cut(text[i:], `"`)
		text, _, _ = strings.Cut(text, `\r`)
	}
	return fmt.Errorf("get a token: %s. Check credential in the configuration", strings.TrimRight(OneLine(text), "."))
}
