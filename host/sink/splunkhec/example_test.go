package splunkhec_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// A sink sends events to a collector; hectest is one for tests, which records what it took by event id.
func Example() {
	collector, err := hectest.Start(hectest.Config{Token: "an-invented-token"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = collector.Close() }()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	c := splunkhec.Defaults()
	c.URL, c.TokenFile = collector.URL, filepath.Join(dir, "token")
	if err := os.WriteFile(c.TokenFile, []byte("an-invented-token\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	sink, err := splunkhec.New(c)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = sink.Close() }()

	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type":"AuditLogs","_ItemId":"7d1f","OperationName":"Add user"}`))
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := sink.Send(context.Background(), []enrich.Event{enrich.NewEvent(table, row)})
	fmt.Println(receipt.Events, receipt.Promise, err)
	fmt.Println(collector.Requests(), "request,", collector.Events.Total(), "event")
	// Output:
	// 1 accepted <nil>
	// 1 request, 1 event
}
