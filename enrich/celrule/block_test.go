package celrule

import (
	"context"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celruletest"
)

// TestNoAllocation holds that events that no key selects cost no memory at all. Beside that a call of Tag makes the list
// of its answers; workers are kept from one call to the next.
func TestNoAllocation(t *testing.T) {
	set := compiled(t, string(celruletest.File(celruletest.Rules(1000, 0)).Data))
	var rows []string
	for i := range blockEvents {
		rows = append(rows, string(celruletest.Row(celruletest.Tables()[i%len(celruletest.Tables())])))
	}
	block, tags := events(t, rows...), make([][]enrich.Tag, len(rows))
	w := newWorker(set)
	w.Context, w.now = context.Background(), set.now()
	tag := func() { w.block(block, tags, false) }
	tag() // makes frames and what they remember
	if allocations := testing.AllocsPerRun(20, tag); allocations > 0 {
		t.Errorf("%v allocations for %d events", allocations, len(block))
	}
	for _, list := range tags {
		if len(list) > 0 {
			t.Fatalf("a rule matched: %+v", list)
		}
	}
}
