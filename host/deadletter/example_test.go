package deadletter_test

import (
	"fmt"
	"log"
	"os"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// What a sink refuses for good is kept with the receiver's words, until somebody has it sent again or drops it.
func ExampleStore() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	_, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type":"AuditLogs","_ItemId":"7d1f"}`))
	if err != nil {
		log.Fatal(err)
	}
	store := deadletter.New(dir, 1<<20)
	refused := []pipeline.Rejection{{Index: 0, Reason: "incorrect index"}}
	if err := store.Keep("splunk")([]enrich.Event{enrich.NewEvent("AuditLogs", row)}, refused); err != nil {
		log.Fatal(err)
	}
	err = store.Each("splunk", func(l deadletter.Letter) error {
		fmt.Println(l.ID() != "", l.Table(), l.Reason, l.Attempts)
		return nil
	})
	fmt.Println(err)
	// Output:
	// true AuditLogs incorrect index 1
	// <nil>
}
