package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// loganalytics start, loganalytics add TABLE AGO FILE, loganalytics stop: a Log Analytics for scripts. The rows of a file, a JSON
// object a line without TimeGenerated, happened and were ingested that long ago. The script's environment gets $WORKSPACE, $ENDPOINT, $AUTHORITY, $TENANT and
// $CLIENT, its directory workspace-ca.pem and workspace-secret.
func logAnalytics(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: loganalytics start | add TABLE AGO FILE | stop")
	}
	held := ts.Value(workspaceKey{}).(*heldWorkspace)
	switch {
	case args[0] == "start":
		server, err := loganalyticstest.New(loganalyticstest.Options{})
		ts.Check(err)
		held.server, held.begun = server, time.Now().UTC()
		ts.Defer(func() { _ = server.Close() })
		offerWorkspace(ts, server)
	case args[0] == "add" && len(args) == 4:
		ago, err := time.ParseDuration(args[2])
		ts.Check(err)
		at := held.begun.Add(-ago)
		for line := range bytes.Lines([]byte(ts.ReadFile(args[3]))) {
			row := fmt.Appendf(nil, `{"TimeGenerated":%q,%s`, at.Format(time.RFC3339), bytes.TrimSpace(line)[1:])
			ts.Check(held.server.Add(args[1], at, row))
		}
	case args[0] == "stop":
		ts.Check(held.server.Close())
	default:
		ts.Fatalf("loganalytics: unknown or incomplete: %v", args)
	}
}

type workspaceKey struct{}

// heldWorkspace is the one that a script has started.
type heldWorkspace struct {
	server *loganalyticstest.Server
	begun  time.Time // what "ago" counts from, so that rows added at different times share a minute
}

func offerWorkspace(ts *testscript.TestScript, server *loganalyticstest.Server) {
	o := server.Options()
	for name, value := range map[string]string{
		"WORKSPACE": o.Workspace, "ENDPOINT": server.Endpoint(), "AUTHORITY": server.URL(), "TENANT": o.Tenant, "CLIENT": o.ClientID,
	} {
		ts.Setenv(name, value)
	}
	ts.Check(os.WriteFile(ts.MkAbs("workspace-ca.pem"), server.CAPEM(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("workspace-secret"), []byte(o.Secret), 0o600))
}
