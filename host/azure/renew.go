package azure

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Refused remembers the token that a service refused last, so that it isn't tried again until it ends. A new credential isn't
// enough: tokens of managed identities lie in a cache that azidentity shares among all credentials of the process, and only a
// request with claims passes it by. The zero value is ready for one service; it is a policy.Policy, and its methods may be called
// at the same time.
type Refused struct {
	mu    sync.Mutex
	token [sha256.Size]byte // a hash, so that memory holds no more tokens than before
	again bool              // the renewal gave the same token

	renewing sync.Mutex // one renewal at a time serves all
}

// NewCredential is NewCredential for the service. Its credential hands out a token that was refused only when asking anew gives no other.
func (r *Refused) NewCredential(c Credential, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	credential, err := NewCredential(c, options)
	if err != nil {
		return nil, err
	}
	return &renewing{credential, r, c.Kind == kindManaged}, nil
}

// Do implements policy.Policy, below the one that adds the token: it notes the token of an answer 401.
func (r *Refused) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		token := strings.TrimPrefix(req.Raw().Header.Get("Authorization"), "Bearer ")
		r.mu.Lock()
		defer r.mu.Unlock()
		r.token = sha256.Sum256([]byte(token))
		if !readable(resp.Header) { // azcore would make an error of its words instead of an answer 401
			resp.Header.Del("WWW-Authenticate")
		}
	}
	return resp, err
}

var claims = regexp.MustCompile(`claims="([^"]*)"`)

// readable reports whether azcore can read the claims that a service asks a new token to have; mostly it names none.
func readable(h http.Header) bool {
	for _, challenge := range h.Values("WWW-Authenticate") {
		for _, found := range claims.FindAllStringSubmatch(challenge, -1) {
			if _, err := base64.StdEncoding.DecodeString(found[1]); err != nil {
				return false
			}
		}
	}
	return true
}

// Advice is what to do about an answer 401 to a request with a renewed token.
func (r *Refused) Advice() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.again {
		return "This machine's identity gave the same token again, so it is refused until it ends (within a day): " +
			"restart the service that gives out tokens (the app or machine), or use another kind of credential"
	}
	return "A new token was refused, too. Check credential (tenant_id, client_id), cloud and audience"
}

func (r *Refused) is(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token == sha256.Sum256([]byte(token))
}

func (r *Refused) renewed(token string) {
	again := r.is(token)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.again = again
}

// renewing is a credential that asks anew when it would hand out the token that was refused.
type renewing struct {
	azcore.TokenCredential
	refused *Refused
	strict  bool // a renewal that fails is an error: the old token stays in the library's cache
}

// renewal are claims that ask for nothing: what matters is that there are some.
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
const renewal = `{"access_token":{}}`

// GetToken asks the credential, and once more with claims for the token that was refused.
func (c *renewing) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, o)
	if err != nil || o.Claims != "" || !c.refused.is(token.Token) {
		return token, err
	}
	c.refused.renewing.Lock()
	defer c.refused.renewing.Unlock()
	token, err = c.TokenCredential.GetToken(ctx, o)
	if err != nil || !c.refused.is(token.Token) {
		return token, err // somebody else was faster
	}
	o.Claims = renewal
	fresh, err := c.TokenCredential.GetToken(ctx, o)
	switch {
	case err == nil:
		token = fresh
	case c.strict || ctx.Err() != nil:
		return azcore.AccessToken{}, err
	} // else, as for the Azure CLI, there is no asking anew without a person
	c.refused.renewed(token.Token)
	return token, nil
}
