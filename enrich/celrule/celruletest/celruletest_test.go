package celruletest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/celrule/celruletest"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// TestPlant holds that each rule matches the row that was planted for it, and no other.
func TestPlant(t *testing.T) {
	rules := celruletest.Rules(200, 50)
	m := celrule.New()
	if err := m.Configure(context.Background(), enrich.Config{Files: []enrich.File{celruletest.File(rules)}}); err != nil {
		t.Fatal(err)
	}
	parser, planted := enrich.NewObjectParser(schema.TypeOf), 0
	for _, r := range rules {
		line, ok := r.Plant(celruletest.Row(r.Table))
		if !ok {
			if !strings.Contains(r.When, "endsWith") {
				t.Errorf("%s can't be planted: %s", r.ID, r.When)
			}
			continue
		}
		planted++
		table, _, parsed, err := parser.Parse(line)
		if err != nil {
			t.Fatalf("%s: %v\n%s", r.ID, err, line)
		}
		tags, err := m.Tag(context.Background(), []enrich.Event{enrich.NewEvent(table, parsed)})
		if err != nil || len(tags[0]) != 1 || tags[0][0].Rule != r.ID || tags[0][0].Error != "" {
			t.Errorf("%s: %+v, %v\n%s\n%s", r.ID, tags, err, r.When, line)
		}
	}
	if planted != 190 || len(m.Unindexed()) != 10 {
		t.Errorf("%d rules planted, without a key: %v", planted, m.Unindexed())
	}
}
