package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/azure/identitytest"
	"github.com/riskrelay/riskrelay/host/graph/graphtest"
)

// machine is a client for server as this machine's identity. The library keeps tokens for the whole process, by whom they are for, so
// each test asks for an audience of its own.
func machine(t *testing.T, server *graphtest.Server) *Client {
	t.Helper()
	c := configFor(t, server)
	c.Credential = azure.Credential{Kind: "managed"}
	c.Audience = "https://" + strings.ToLower(t.Name()) + ".example"
	client, err := New(c, new(logrus.Logger))
	if err != nil {
		t.Fatal(err)
	}
	client.retry.RetryDelay = time.Millisecond
	t.Cleanup(func() { client.Close() })
	return client
}

// TestIdentityHeals revokes the token of a machine's identity, which the library would hand out until it ends.
func TestIdentityHeals(t *testing.T) {
	server, _ := start(t, graphtest.Options{})
	fill(server, 1)
	identity := identitytest.AppService(t, func(string) string { return server.IssueToken() })
	client := machine(t, server)
	for turn := 1; turn <= 3; turn++ {
		for range 3 {
			if err := client.List(t.Context(), applications(), func(Object) error { return nil }); err != nil {
				t.Fatalf("turn %d: %v", turn, err)
			}
		}
		if asked := identity.Asked(); len(asked) != turn {
			t.Errorf("turn %d: tokens were asked for %v: want one a revocation", turn, asked)
		}
		server.ExpireTokens()
	}
}

// TestIdentityThatKeepsItsToken checks that an endpoint with nothing better isn't asked in a loop, and that people are told.
func TestIdentityThatKeepsItsToken(t *testing.T) {
	server, _ := start(t, graphtest.Options{})
	identity := identitytest.AppService(t, func(string) string { return server.IssueToken() })
	client := machine(t, server)
	if err := client.List(t.Context(), applications(), nil); err != nil {
		t.Fatal(err)
	}
	identity.Repeat()
	server.ExpireTokens()
	err := client.List(t.Context(), applications(), nil)
	if err == nil || !strings.Contains(err.Error(), "gave the same token again") {
		t.Errorf("error is %v", err)
	}
	if tokens := len(identity.Asked()); tokens != 2 {
		t.Errorf("%d tokens were asked for, want 2", tokens)
	}
}
