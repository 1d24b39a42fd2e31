package loganalyticstest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// A test fills the workspace with rows and reads them as from Azure.
func Example() {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	server, err := loganalyticstest.New(loganalyticstest.Options{Now: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	if err := server.Add("AuditLogs", now.Add(-time.Hour), []byte(`{"_ItemId":"7d1f","TimeGenerated":"2026-03-02T08:58:00Z","OperationName":"Add user"}`)); err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	streams, err := streams(server, dir)
	if err != nil {
		log.Fatal(err)
	}
	w := pipeline.Window{Stream: streams[0].Name, From: now.Add(-2 * time.Hour), To: now}
	err = streams[0].Source.Read(context.Background(), w, "", func(b pipeline.Batch) error {
		for _, e := range b.Events {
			fmt.Println(e.ID, e.Table)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// 7d1f AuditLogs
	// <nil>
}

// streams are those of the server's workspace. The files with the secret and the certificate lie in dir.
func streams(server *loganalyticstest.Server, dir string) ([]pipeline.Stream, error) {
	c, o := loganalytics.Defaults(), server.Options()
	c.Workspace, c.Endpoint, c.Audience, c.CAFile = o.Workspace, server.Endpoint(), o.Audience, filepath.Join(dir, "ca.pem")
	c.Credential = loganalytics.Credential{
		Kind: "secret", TenantID: o.Tenant, ClientID: o.ClientID, SecretFile: filepath.Join(dir, "secret"), Authority: server.URL(),
	}
	c.Tables = []loganalytics.Table{{Name: "AuditLogs"}}
	for path, content := range map[string][]byte{c.CAFile: server.CAPEM(), c.Credential.SecretFile: []byte(o.Secret)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
	}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	return new(loganalytics.Workspaces).New(c, quiet)
}
