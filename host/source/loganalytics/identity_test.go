package loganalytics

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/riskrelay/riskrelay/host/azure/identitytest"
)

// issue is a new token, and the only one that s takes from now on.
func (s *service) issue(string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	s.valid = "token-" + strconv.Itoa(s.issued)
	return s.valid
}

func (s *service) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = "revoked"
}

// machine is a configuration for s as a machine's identity. The library keeps tokens for the whole process, by the identity's client
// id and whom they are for, so each test asks for an audience of its own.
func (s *service) machine(kind string) Config {
	c := s.config()
	c.Credential = Credential{Kind: kind}
	c.Audience = "https://" + strings.ToLower(strings.ReplaceAll(s.t.Name(), "/", "-")) + ".example"
	return c
}

// TestIdentityHeals revokes the token of a machine's identity, which the library would hand out until it ends.
func TestIdentityHeals(t *testing.T) {
	for _, kind := range []string{"managed", "default"} {
		t.Run(kind, func(t *testing.T) {
			data := new(table)
			data.fill(1, 1)
			s := newService(t, data.answer)
			identity := identitytest.AppService(t, s.issue)
			c := s.machine(kind)
			source := s.source(c)
			for turn := 1; turn <= 3; turn++ {
				for range 3 {
					if err := source.Read(t.Context(), testWindow(time.Minute), "", new(reading).deliver); err != nil {
						t.Fatalf("turn %d: %v", turn, err)
					}
				}
				if asked := identity.Asked(); len(asked) != turn || asked[0] != c.Audience {
					t.Errorf("turn %d: tokens were asked for %v: want one a revocation", turn, asked)
				}
				s.revoke()
			}
			if n := len(s.asked()); n != 9+2 {
				t.Errorf("%d queries: each revocation should cost one", n)
			}
		})
	}
}

// TestOneRenewalServesAll has several queries find out at the same time.
func TestOneRenewalServesAll(t *testing.T) {
	data := new(table)
	data.fill(1, 1)
	s := newService(t, data.answer)
	identity := identitytest.AppService(t, s.issue)
	source := s.source(s.machine("managed"))
	for range 2 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := source.Read(t.Context(), testWindow(time.Minute), "", new(reading).deliver); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		s.revoke()
	}
	if asked := identity.Asked(); len(asked) != 2 {
		t.Errorf("%d tokens were asked for: want the first and one renewal", len(asked))
	}
}

// TestIdentityThatKeepsItsToken checks that an endpoint with nothing better isn't asked in a loop, and that people are told.
func TestIdentityThatKeepsItsToken(t *testing.T) {
	data := new(table)
	s := newService(t, data.answer)
	identity := identitytest.AppService(t, s.issue)
	source := s.source(s.machine("managed"))
	read := func() error { return source.Read(t.Context(), testWindow(time.Minute), "", nil) }
	if err := read(); err != nil {
		t.Fatal(err)
	}
	identity.Repeat()
	s.revoke()
	err := read()
	if kindOf(err) != "5s" || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "gave the same token again") {
		t.Errorf("error is %v", err)
	}
	if tokens, queries := len(identity.Asked()), len(s.asked()); tokens != 2 || queries != 3 {
		t.Errorf("%d tokens and %d queries, want 2 and 3", tokens, queries)
	}
	identity.Repair()
	if err := read(); err != nil {
		t.Errorf("with another token: %v", err)
	}
}

// TestNewTokenIsRefusedToo and the service says no to any token.
func TestNewTokenIsRefusedToo(t *testing.T) {
	s := newService(t, api(http.StatusUnauthorized, "AuthenticationFailed", "no"))
	identity := identitytest.AppService(t, s.issue)
	err := s.source(s.machine("managed")).Read(t.Context(), testWindow(time.Minute), "", nil)
	if kindOf(err) != "5s" || !strings.Contains(err.Error(), "A new token was refused, too. Check credential") {
		t.Errorf("error is %v", err)
	}
	if tokens, queries := len(identity.Asked()), len(s.asked()); tokens != 2 || queries != 2 {
		t.Errorf("%d tokens and %d queries, want 2 and 2", tokens, queries)
	}
}

// TestIdentityThatIsGone checks that a renewal that fails is said to be just that.
func TestIdentityThatIsGone(t *testing.T) {
	data := new(table)
	s := newService(t, data.answer)
	identity := identitytest.AppService(t, s.issue)
	source := s.source(s.machine("managed"))
	read := func() error { return source.Read(t.Context(), testWindow(time.Minute), "", nil) }
	if err := read(); err != nil {
		t.Fatal(err)
	}
	identity.Down()
	s.revoke()
	if err := read(); kindOf(err) != "5s" || !strings.Contains(err.Error(), "get a token: ManagedIdentityCredential") {
		t.Errorf("error is %v", err)
	}
	identity.Repair()
	if err := read(); err != nil {
		t.Errorf("with the identity back: %v", err)
	}
}

// TestClaimsChallenge has the service say by itself that it wants a new token, in words that azcore reads and in others.
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
func TestClaimsChallenge(t *testing.T) {
	claims := base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`))
	for name, claims := range map[string]string{"readable": claims, "not base64": "no base64", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			data := new(table)
			data.fill(1, 1)
			s := newService(t, data.answer)
			identity := identitytest.AppService(t, s.issue)
			source := s.source(s.machine("managed"))
			s.challenge = `Bearer realm="", error="insufficient_claims", claims="` + claims + `"`
			for range 2 {
				if err := source.Read(t.Context(), testWindow(time.Minute), "", new(reading).deliver); err != nil {
					t.Fatal(err)
				}
				s.revoke()
			}
			if tokens, queries := len(identity.Asked()), len(s.asked()); tokens != 2 || queries != 3 {
				t.Errorf("%d tokens and %d queries, want 2 and 3", tokens, queries)
			}
		})
	}
}

// toIMDS leads what is sent to the address of IMDS to the test's.
type toIMDS struct {
	policy.Transporter
	address string
}

// Do implements policy.Transporter.
func (x toIMDS) Do(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "169.254.169.254" {
		r.URL.Host, r.Host = x.address, ""
	}
	return x.Transporter.Do(r)
}

func TestIdentityOfAVirtualMachineHeals(t *testing.T) {
	data := new(table)
	data.fill(1, 1)
	s := newService(t, data.answer)
	identity := identitytest.IMDS(t, s.issue)
	source := s.source(s.machine("managed"))
	conn := source.query.(*connection)
	conn.transport = toIMDS{conn.transport, identity.Address}
	for range 2 {
		if err := source.Read(t.Context(), testWindow(time.Minute), "", new(reading).deliver); err != nil {
			t.Fatal(err)
		}
		s.revoke()
	}
	if asked := identity.Asked(); len(asked) != 2 {
		t.Errorf("%d tokens were asked for, want 2", len(asked))
	}
}
