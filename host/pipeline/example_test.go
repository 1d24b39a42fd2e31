package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// lines is a sink that writes a line an event, and refuses events without an id.
type lines struct{ to io.Writer }

func (l lines) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	receipt, refused := pipeline.Receipt{Promise: pipeline.BestEffort}, &pipeline.PartialError{}
	for i, e := range events {
		if e.ID == "" {
			refused.Rejected = append(refused.Rejected, pipeline.Rejection{Index: i, Reason: "no id"})
			continue
		}
		n, err := fmt.Fprintln(l.to, e.ID, e.Table)
		if err != nil {
			return receipt, fmt.Errorf("write: %w", err) // nothing is known to be confirmed: all are sent again
		}
		receipt.Events, receipt.Bytes = receipt.Events+1, receipt.Bytes+int64(n)
	}
	if len(refused.Rejected) > 0 {
		return receipt, refused // all others are confirmed
	}
	return receipt, nil
}

func (lines) Close() error { return nil }

// A sink confirms events by returning from Send. Those that it can never take it names in a PartialError.
func ExampleSink() {
	var sink pipeline.Sink = lines{os.Stdout}
	receipt, err := sink.Send(context.Background(), []enrich.Event{{ID: "7d1f", Table: "AuditLogs"}, {Table: "SigninLogs"}})
	var partial *pipeline.PartialError
	fmt.Println(receipt.Events, "confirmed,", errors.As(err, &partial), partial.Rejected)
	// Output:
	// 7d1f AuditLogs
	// 1 confirmed, true [{1 no id}]
}

// The name of a stream is its key in the ledger. NewStream makes it, StreamNamed reads it back.
func ExampleStreamNamed() {
	made := pipeline.NewStream(pipeline.LogAnalytics, "2c1a7f9e-0000-4000-8000-00000000a001", "AuditLogs")
	read := pipeline.StreamNamed(made.Name)
	fmt.Println(read.Kind, read.Workspace, read.Table)
	fmt.Println(pipeline.StreamNamed(pipeline.FileStream("/var/log/rows.ndjson").Name).Kind == pipeline.File)
	// Output:
	// la 2c1a7f9e-0000-4000-8000-00000000a001 AuditLogs
	// true
}
