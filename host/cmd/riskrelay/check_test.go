package main

import (
	"fmt"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// workspace: starts a Log Analytics with one row in AuditLogs. Its address is in $LA, its certificate in la-ca.pem, the client secret
// in la-secret, and the ids to use with it in $WORKSPACE, $LATENANT and $LACLIENT.
func workspace(ts *testscript.TestScript, neg bool, args []string) {
	server, err := loganalyticstest.New(loganalyticstest.Options{})
	if err != nil || neg || len(args) > 0 {
		ts.Fatalf("usage: workspace: %v", err)
	}
	ts.Defer(func() { ts.Check(server.Close()) })
	now := time.Now().UTC()
	row := fmt.Sprintf(`{"TimeGenerated": %q, "OperationName": "Add owner to application"}`, now.Add(-5*time.Minute).Format(time.RFC3339))
	ts.Check(server.Add("AuditLogs", now.Add(-3*time.Minute), []byte(row)))
	o := server.Options()
	ts.Setenv("LA", server.URL())
	ts.Setenv("WORKSPACE", o.Workspace)
	ts.Setenv("LATENANT", o.Tenant)
	ts.Setenv("LACLIENT", o.ClientID)
	ts.Check(os.WriteFile(ts.MkAbs("la-ca.pem"), server.CAPEM(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("la-secret"), []byte(o.Secret), 0o600))
}

// collector TOKEN INDEX: starts an HTTP Event Collector with that token, which may write to that index only. Its address is in $HEC.
func collector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: collector TOKEN INDEX")
	}
	server, err := hectest.Start(hectest.Config{Token: args[0], Indexes: []string{args[1]}})
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	ts.Setenv("HEC", server.URL)
}
