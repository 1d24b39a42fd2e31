package enrich_test

import (
	"context"
	"fmt"
	"log"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// weekend is a module: it tags what happened on a Saturday or Sunday.
type weekend struct{}

func (weekend) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{
		Name: "weekend", Version: "1.0.0",
		Selector: enrich.Selector{Tables: []string{"AuditLogs"}},
		Rules:    []enrich.RuleInfo{{ID: "weekend.change", Title: "A change on a weekend", Pack: "weekend", Tables: []string{"AuditLogs"}, Severity: enrich.Low}},
	}, nil
}

func (weekend) Configure(context.Context, enrich.Config) error { return nil }

func (weekend) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	tags := make([][]enrich.Tag, len(events))
	for i, e := range events {
		if day := e.Time.Weekday(); !e.Time.IsZero() && (day == 0 || day == 6) {
			tags[i] = []enrich.Tag{{Rule: "weekend.change", Severity: enrich.Low, Score: 20, Reasons: []string{"on a " + day.String()}}}
		}
	}
	return tags, nil
}

// A module is a value with three methods. An enricher asks all of them about every event that they want, and writes what they say
// into the event.
func ExampleModule() {
	parser := enrich.NewObjectParser(schema.TypeOf)
	table, _, row, err := parser.Parse([]byte(`{"Type":"AuditLogs","TimeGenerated":"2026-03-07T10:00:00Z","OperationName":"Add user"}`))
	if err != nil {
		log.Fatal(err)
	}
	events := []enrich.Event{enrich.NewEvent(table, row)}

	enrich.NewEnricher(weekend{}).Enrich(context.Background(), events)

	risk := events[0].Risk
	fmt.Println(risk.Level, risk.Score, risk.Tags, risk.Rules[0].Reasons)
	// Output: low 20 [weekend.change] [on a Saturday]
}

// A row of Log Analytics is a JSON object with the name of its table in Type. Its columns keep the bytes that were read.
func ExampleObjectParser() {
	parser := enrich.NewObjectParser(schema.TypeOf)
	table, id, row, err := parser.Parse([]byte(`{"Type":"AuditLogs","_ItemId":"7d1f","TimeGenerated":"2026-03-02T10:00:00.5Z","OperationName":"Add user"}`))
	if err != nil {
		log.Fatal(err)
	}
	event := enrich.NewEvent(table, row)
	fmt.Println(table, id, event.Time)
	for i := range row.Columns().Len() {
		fmt.Println(row.Columns().Name(i), row.Columns().Type(i))
	}
	// Output:
	// AuditLogs  2026-03-02 10:00:00.5 +0000 UTC
	// Type string
	// _ItemId string
	// TimeGenerated datetime
	// OperationName string
}
