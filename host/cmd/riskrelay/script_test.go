package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"riskrelay": main, "intruder": intrude})
}

// TestScripts runs one script for each sub-command: what a person types, what is printed, and the exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "graph": graph, "resolver": resolver, "workspace": workspace, "collector": collector,
			"loganalytics": logAnalytics, "program": program,
		},
		Setup: withGraph,
	})
}

// exits CODE COMMAND...: runs riskrelay and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = exitCode(err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// resolver NAME=ADDRESS...: starts a DNS resolver that knows these names and no other, and puts its address into $RESOLVER.
func resolver(ts *testscript.TestScript, neg bool, args []string) {
	server, err := dnstest.Start()
	if err != nil || neg {
		ts.Fatalf("start a resolver: %v", err)
	}
	ts.Defer(func() { ts.Check(server.Close()) })
	for _, arg := range args {
		name, address, ok := strings.Cut(arg, "=")
		if !ok {
			ts.Fatalf("usage: resolver NAME=ADDRESS...")
		}
		server.Set(name, dnstest.Address(address))
	}
	ts.Setenv("RESOLVER", server.Addr)
}
