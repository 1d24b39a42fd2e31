// Command peers is what an installed riskrelay talks to in the test of packages: an emulated Log Analytics workspace, and a Splunk
// HTTP Event Collector. `peers DIR` writes DIR/peers.yaml, a drop-in for riskrelay's configuration, with the secrets that it names,
// and DIR/events.ndjson, what was received. Each line of the named pipe DIR/rows, a row with its table's name in Type, is added to
// the workspace.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

func main() {
	fmt.Fprintln(os.Stderr, "peers:", run(os.Args[1])) // it ends only when something is wrong
	os.Exit(1)
}

// token opens the collector, which listens on the loopback interface of a machine without another.
const token = "00000000-0000-0000-0000-000000000000"

// The credential of systemd is named as a unit with LoadCredential=hec-token:... sees it.
const dropIn = `sources:
  log_analytics:
    - workspace: {{.Options.Workspace}}
      endpoint: {{.Server.Endpoint}}
      ca_file: {{.Dir}}/ca.pem
      credential:
        {kind: secret, tenant_id: {{.Options.Tenant}}, client_id: {{.Options.ClientID}}, secret_file: {{.Dir}}/client-secret, authority: "{{.Server.URL}}"}
      tables: [{name: AuditLogs}]
      settle: 1s
      every: 1s
      max_requests: 10000
sinks:
  splunk_hec:
    - {name: splunk, url: "{{.Collector.URL}}", token_file: "${CREDENTIALS_DIRECTORY:-{{.Dir}}}/hec-token"}
`

// run serves until something is wrong, and returns that.
func run(dir string) error {
	workspace, err := loganalyticstest.New(loganalyticstest.Options{})
	if err != nil {
		return err
	}
	workspace.Create("AuditLogs")
	output, err := os.Create(filepath.Join(dir, "events.ndjson"))
	if err != nil {
		return err
	}
	collector, err := hectest.Start(hectest.Config{Token: token, Output: output})
	if err != nil {
		return err
	}
	if err := write(dir, workspace, collector); err != nil {
		return err
	}
	for { // a pipe ends when its last writer closes it
		if err := add(filepath.Join(dir, "rows"), workspace); err != nil {
			return err
		}
	}
}

// write writes the drop-in, last, and what it names.
func write(dir string, workspace *loganalyticstest.Server, collector *hectest.Server) error {
	for name, text := range map[string]string{"ca.pem": string(workspace.CAPEM()), "client-secret": workspace.Options().Secret, "hec-token": token} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(filepath.Join(dir, "peers.yaml"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = template.Must(template.New("drop-in").Parse(dropIn)).Execute(file, struct {
		Dir       string
		Options   loganalyticstest.Options
		Server    *loganalyticstest.Server
		Collector *hectest.Server
	}{"/etc/riskrelay", workspace.Options(), workspace, collector})
	return errors.Join(err, file.Close())
}

// add adds the rows of the file to the workspace.
func add(path string, workspace *loganalyticstest.Server) error {
	rows, err := os.Open(path)
	if err != nil {
		return err
	}
	defer rows.Close()
	lines := bufio.NewScanner(rows)
	for lines.Scan() {
		var row struct{ Type string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return fmt.Errorf("read a row: %w", err)
		}
		if _, err := workspace.AddNow(row.Type, []byte(lines.Text())); err != nil {
			return err
		}
	}
	return lines.Err()
}
