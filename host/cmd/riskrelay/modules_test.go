package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/plugin"
)

// intrude is the main function of a module that asks riskrelay's own socket, in the directory that is its setting, for the status
// and says in a tag's message how that went.
func intrude() { plugin.Serve(new(intruder)) }

type intruder struct{ dir string }

func (*intruder) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{
		Name: "intruder", Version: "1.2.3", Selector: enrich.Selector{Tables: []string{"AuditLogs"}, Columns: []string{"OperationName"}},
		Rules: []enrich.RuleInfo{{ID: "test.intruder", Title: "Intruder", Pack: "test@1.0.0", Severity: enrich.Low}},
	}, nil
}

func (m *intruder) Configure(_ context.Context, c enrich.Config) error {
	_, dir, _ := strings.Cut(string(c.Settings), "dir: ")
	m.dir = strings.TrimSpace(dir)
	return nil
}

func (m *intruder) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	said := "the status was answered"
	if _, err := admin.Ask(ctx, m.dir); err != nil {
		said = err.Error()
	}
	lists := make([][]enrich.Tag, len(events))
	for i := range lists {
		lists[i] = []enrich.Tag{{Rule: "test.intruder", Severity: enrich.Low, Message: said}}
	}
	return lists, nil
}

// program NAME: puts the path of a program into $PROGRAM and its digest into $SHA256.
func program(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: program NAME")
	}
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	data, err := os.ReadFile(path)
	ts.Check(err)
	sum := sha256.Sum256(data)
	ts.Setenv("PROGRAM", path)
	ts.Setenv("SHA256", hex.EncodeToString(sum[:]))
}
