package azure

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// proofs are the headers that prove who asks. The second one is the secret of App Service's identity endpoint.
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
func proofs() []string { return []string{"Authorization", "X-Identity-Header"} }

// assertions are the fields of forms that prove to the directory who asks: a client's secret, what its certificate signed, or the
// token of a workload. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func assertions() []string { return []string{"client_secret", "client_assertion"} }

// issued finds the tokens in an answer of the directory or of an identity endpoint, also in one that isn't whole.
var issued = regexp.MustCompile(`"(?:access|refresh|id)_token"\s*:\s*"([^"]+)"`)

// remember notes what a request sends to prove who asks: whoever answers may repeat it. It reports whether a token is asked for.
func (t *Transport) remember(req *http.Request) (asksToken bool) {
	for _, name := range proofs() {
		value := req.Header.Get(name)
		if _, token, ok := strings.Cut(value, " "); ok { // behind the scheme, as Bearer
			value = token
		}
		t.secrets.Hold(t, value)
	}
	form := formOf(req)
	for _, name := range assertions() {
		t.secrets.Hold(t, form.Get(name))
	}
	return form != nil || req.Header.Get("X-Identity-Header") != "" || req.Header.Get("Metadata") != ""
}

// maxRefusal is far more than is shown of a refusal: somebody else's page may be long.
const maxRefusal = 64 << 10

// formOf is the form that a request sends; nil for none.
func formOf(req *http.Request) url.Values {
	if !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil // the request says so
	}
	text, err := io.ReadAll(io.LimitReader(body, maxErrorReply))
	if err != nil {
		return nil
	}
	if req.Body, err = req.GetBody(); err != nil { // azcore's may be the same one, which this sets to its beginning
		return nil
	}
	form, _ := url.ParseQuery(string(text)) // as far as it can be read
	return form
}

// screen reads an answer that is a refusal, or that holds a token. Tokens are remembered, and secrets taken out of refusals at once,
// before their words are taken apart and cut.
func (t *Transport) screen(resp *http.Response, token bool) {
	refused := resp.StatusCode >= http.StatusBadRequest
	if t.secrets == nil || !refused && !token {
		return
	}
	raw, err := io.ReadAll(resp.Body)
	text := string(raw)
	if refused {
		text = text[:min(len(text), maxRefusal)]
	}
	for _, found := range issued.FindAllStringSubmatch(text, -1) {
		t.secrets.Hold(t, found[1])
	}
	if refused {
		text = t.secrets.Clean(text)
		resp.Header.Del("Content-Length")
		resp.ContentLength = int64(len(text))
		for _, values := range resp.Header {
			for i := range values {
				values[i] = t.secrets.Clean(values[i])
			}
		}
	}
	resp.Body = whole{io.MultiReader(strings.NewReader(text), ending{t.secrets.CleanError(err)}), resp.Body}
}

// whole is a body that was read, and closes what it was read from.
type whole struct {
	io.Reader
	io.Closer
}

// ending is the end of a body: an error, or io.EOF for none.
type ending struct{ err error }

// Read fails.
func (e ending) Read([]byte) (int, error) {
	if e.err == nil {
		return 0, io.EOF
	}
	return 0, e.err
}
