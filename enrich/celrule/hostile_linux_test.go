package celrule

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/riskrelay/riskrelay/enrich"
)

// mostCPU is how many times as dear as the plain evaluation any event may be, in rules and all. The dearest are about fifteen
// times as dear, and with ten times as much to spend a hundred times.
const mostCPU = 60

// threadCPU is the CPU time of the calling thread, which a busy machine doesn't change much.
func threadCPU(t *testing.T) time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

// rulesOf writes a rule for each condition, n times over.
func rulesOf(n int, conditions ...string) string {
	var b strings.Builder
	b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nlists: [{name: l, items: [microsoft, contoso]}]\nrules:\n")
	for i := range n {
		for k, c := range conditions {
			fmt.Fprintf(&b, "  - {id: h.r%d.c%d, title: t, tables: [AuditLogs], severity: low, when: %s}\n", i, k, yaml(c))
		}
	}
	return b.String()
}

// TestHostileCPU feeds rows that were made to be expensive to rules that look at them in the dearest ways, one alone and
// many together, and compares the CPU time with that of a plain rule on a plain row, which a busy or slow machine makes
// dearer as well. Where it is too much, the least of several comparisons counts.
func TestHostileCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rows := map[string][]enrich.Event{}
	for name, row := range hostileRows() {
		rows[name] = events(t, row)
	}
	plain := plainEvaluation(t)
	for _, n := range numbers() {
		for _, c := range hostileRules() {
			set := compiled(t, rulesOf(n, c))
			for name, row := range rows {
				least := math.Inf(1)
				for try := 0; try < 5 && least > mostCPU; try++ {
					least = min(least, float64(costOf(t, set, row))/float64(plain()))
				}
				if least > mostCPU {
					t.Fatalf("%d x %s on %s: %.0f times as dear as the plain evaluation", n, c, name, least)
				}
			}
		}
	}
}

// plainEvaluation returns what measures the CPU time of ten thousand plain turns of a loop, which no limit stops.
func plainEvaluation(t *testing.T) func() time.Duration {
	const items = 100
	row := events(t, `{"Type":"AuditLogs","TargetResources":[`+strings.Repeat(`{"x":"a"},`, items-1)+`{"x":"a"}]}`)
	set := compiled(t, rulesOf(1, `event.TargetResources.all(a, event.TargetResources.all(b, a.x == b.x))`))
	tags, err := set.tag(context.Background(), row, false)
	if err != nil || len(tags[0]) != 1 || tags[0][0].Error != "" {
		t.Fatal(tags, err)
	}
	return func() time.Duration { return costOf(t, set, row) }
}

// costOf is the CPU time of judging row, with no rule switched off for what it cost before.
func costOf(t *testing.T, set *ruleSet, row []enrich.Event) time.Duration {
	for _, r := range set.rules {
		r.breaker.breaches.Store(0)
		r.breaker.retry.Store(nil)
	}
	before := threadCPU(t)
	if tags, err := set.tag(context.Background(), row, false); err != nil || len(tags) != 1 {
		t.Fatal(err)
	}
	return threadCPU(t) - before
}

func hostileRules() []string {
	return []string{
		`event.ResultReason.matches("(a?){500}a{500}$")`,
		`event.ResultReason.matches("(.*a.*){20}b")`,
		`event.ResultReason.matches("^(([a-z])+.)+[A-Z]([a-z])+$")`,
		`event.ResultReason.contains(event.ResultDescription)`,
		`event.TargetResources.exists(a, event.TargetResources.exists(b, a.x == b.y))`,
		`event.TargetResources.exists(a, event.TargetResources.exists(b, event.TargetResources.exists(c, a.x + b.x == c.x + "z")))`,
		`event.TargetResources.map(a, event.TargetResources.map(b, a.x + b.x)).size() == 7`,
		`event.TargetResources.exists(a, a in event.TargetResources.filter(b, b.x != a.x))`,
		`event.TargetResources.all(a, event.ResultReason.contains(a.x + "b"))`,
		`fold(event.ResultReason.lower()).size() == 7`,
		`words(event.ResultReason).exists(w, words(event.ResultReason).exists(v, w + v == "b"))`,
		`words(event.ResultReason).exists(w, looks_like(w, ["microsoft", "contoso", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"]))`,
		`looks_like(event.ResultReason, words(event.ResultReason))`,
		`words(event.ResultReason).exists(w, under(event.ResultReason, words(w + event.ResultReason)))`,
		`json(event.ResultReason).exists(x, json(event.ResultReason).exists(y, x == y + "b"))`,
		`event.change("KeyDescription").added.exists(k, credential(k).name == "b" || event.change("KeyDescription").removed.exists(r, r == k))`,
		`event.changes.exists(a, event.changes.exists(b, a.name == b.new + "b"))`,
		`event.targets.exists(t, t.changes.exists(c, c.added.exists(x, x == c.name + "b")))`,
		`event.TargetResources.exists(a, event.change(a.x).added.size() > 99)`,
		`minus(words(event.ResultReason), words(event.ResultDescription)).exists(x, x in minus(words(event.ResultReason), [x]))`,
		`(event.ResultReason + event.ResultReason + event.ResultReason + event.ResultReason).contains("b")`,
		`event.TargetResources == event.AdditionalDetails`,
		`event.actor.label == "b" || event.grant.present || event.consent.present || event.role.present`,
		`event.detail("k") == "b" || event.TargetResources.exists(a, event.detail(a.x) == "b")`,
	}
}

// hostileRows are rows of AuditLogs. Some are far over the limits.
func hostileRows() map[string]string {
	row := func(cells string) string { return `{"Type":"AuditLogs","OperationName":"Update user",` + cells + `}` }
	many := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	text := func(s string) string { return string(enrich.AppendString(nil, s)) }
	keys := many(400, `"[KeyIdentifier=%d,KeyType=Password,KeyUsage=Verify,DisplayName=a]"`)
	property := func(name, value string) string {
		return `{"displayName":"` + name + `","oldValue":"[]","newValue":` + text(value) + `}`
	}
	members := strings.Builder{}
	for i := range 100_000 {
		fmt.Fprintf(&members, `,"k%d":1`, i)
	}
	return map[string]string{
		"small":           row(`"TargetResources":[{"x":"a"}],"ResultReason":"aaa"`),
		"small elements":  row(`"TargetResources":` + many(maxItems, "1") + `,"ResultReason":"[1,1,1]"`),
		"elements":        row(`"TargetResources":` + many(maxItems, `{"x":"a","y":"b"}`) + `,"AdditionalDetails":` + many(maxItems, `{"key":"a","value":"b"}`)),
		"large elements":  row(`"TargetResources":` + many(400, `{"x":"`+strings.Repeat("a", 600)+`","y":"a"}`) + `,"ResultReason":"` + strings.Repeat("a", 250_000) + `"`),
		"a long text":     row(`"ResultReason":"` + strings.Repeat("a", 32_000) + `","ResultDescription":"` + strings.Repeat("a", 16_000) + `b"`),
		"a longer text":   row(`"ResultReason":"` + strings.Repeat("a", 250_000) + `","ResultDescription":"` + strings.Repeat("a", 100_000) + `b"`),
		"a huge text":     row(`"ResultReason":"` + strings.Repeat("a", 8<<20) + `","ResultDescription":"` + strings.Repeat("a", 4<<20) + `b"`),
		"many words":      row(`"ResultReason":"` + strings.Repeat("aa ", 80_000) + `","ResultDescription":"` + strings.Repeat("b ", 80_000) + `"`),
		"long words":      row(`"ResultReason":"` + strings.Repeat(strings.Repeat("a", 250)+" ", 1_000) + `"`),
		"escapes":         row(`"ResultReason":"` + strings.Repeat(`\u0061`, 40_000) + `","TargetResources":[{"x":"` + strings.Repeat(`\u0061`, 20_000) + `"}]`),
		"a list in text":  row(`"ResultReason":` + text(many(maxItems, "1"))),
		"credentials":     row(`"TargetResources":[{"type":"Application","modifiedProperties":[` + property("KeyDescription", keys) + `]}]`),
		"properties":      row(`"TargetResources":` + many(16, `{"x":"a","modifiedProperties":`+many(200, property("Name", "[1,2]"))+`}`)),
		"deep":            row(`"TargetResources":` + strings.Repeat("[", 900) + strings.Repeat("]", 900)),
		"deep in text":    row(`"TargetResources":` + text(strings.Repeat(`{"a":`, 900)+"1"+strings.Repeat("}", 900))),
		"many members":    row(`"TargetResources":{"x":"a"` + members.String() + `}`),
		"permissions":     row(`"TargetResources":[{"modifiedProperties":[` + property("ConsentAction.Permissions", `"[] => [`+strings.Repeat("[Id: a, ConsentType: Principal, Scope:  Mail.Read, CreatedDateTime: ], ", 2_000)+`]"`) + `]}]`),
		"a huge property": row(`"TargetResources":[{"modifiedProperties":[` + property("KeyDescription", many(500, `"`+strings.Repeat("k", 400)+`"`)) + `]}]`),
	}
}
