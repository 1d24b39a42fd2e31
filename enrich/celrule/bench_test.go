package celrule_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// benchRules writes n rules, of which one in ten can match the rows of benchEvents.
func benchRules(n int) enrich.File {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range n {
		operation := fmt.Sprintf("operation %d", i)
		if i%10 == 0 {
			operation = "update application - certificates and secrets management"
		}
		fmt.Fprintf(&b, `
  - id: bench.rule.r%d
    title: A rule
    tables: [AuditLogs]
    let: {added: event.change("KeyDescription").added}
    when: event.operation == %q && event.success && added.exists(k, credential(k).name.contains("x%d"))
    severity: low
    message: "{event.actor.label} did it to {event.target('Application').label}"
`, i, operation, i)
	}
	return pack(b.String())
}

// benchEvents are 256 rows of four operations, of which one is of interest to rules.
func benchEvents(b *testing.B) []enrich.Event {
	events := make([]enrich.Event, 256)
	for i := range events {
		row := credentialRow
		if i%16 != 0 {
			row = strings.Replace(row, "Update application – Certificates and secrets management ", fmt.Sprintf("Update user %d", i%3), 1)
		}
		events[i] = event(b, row)
	}
	return events
}

func BenchmarkTag(b *testing.B) {
	for _, rules := range []int{0, 10, 100, 1000} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			m := celrule.New()
			if rules > 0 {
				m = configured(b, "", benchRules(rules))
			}
			events := benchEvents(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Tag(context.Background(), events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkConfigure(b *testing.B) {
	file := benchRules(100)
	for b.Loop() {
		configured(b, "", file)
	}
}
