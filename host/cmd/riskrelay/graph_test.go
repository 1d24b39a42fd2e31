package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskrelay/riskrelay/host/graph/graphtest"
)

// graph start, graph put COLLECTION FILE, graph refuse PATH: a Microsoft Graph for scripts. Its address is in $GRAPH, its
// certificate in graph-ca.pem, the client secret in graph-secret, and the ids to use with it in $TENANT and $CLIENT.
func graph(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value(graphKey{}).(*graphtest.Server)
	switch {
	case neg || len(args) == 0:
		ts.Fatalf("usage: graph start | put COLLECTION FILE | refuse PATH")
	case args[0] == "start":
		offerGraph(ts, server)
	case args[0] == "put" && len(args) == 3:
		server.Put(args[1], ts.ReadFile(args[2]))
	case args[0] == "refuse" && len(args) == 2:
		server.Refuse(args[1])
	default:
		ts.Fatalf("graph: unknown or incomplete: %v", args)
	}
}

type graphKey struct{}

// withGraph starts the server that the command graph is about, and has room for that of the command loganalytics.
func withGraph(env *testscript.Env) error {
	server := graphtest.New(graphtest.Options{})
	env.Values[graphKey{}] = server
	env.Values[workspaceKey{}] = &heldWorkspace{}
	env.Defer(func() { server.Close() })
	return nil
}

func offerGraph(ts *testscript.TestScript, server *graphtest.Server) {
	o := server.Options()
	ts.Setenv("GRAPH", server.URL())
	ts.Setenv("TENANT", o.Tenant)
	ts.Setenv("CLIENT", o.ClientID)
	ts.Check(os.WriteFile(ts.MkAbs("graph-ca.pem"), server.CAPEM(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("graph-secret"), []byte(o.Secret), 0o600))
}
