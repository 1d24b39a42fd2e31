package host

import (
	"context"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus/hooks/test"
)

// TestBackground holds the order in which work in the background begins and ends, what ends with the context and what drains, and
// that the end of all is waited for.
func TestBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, hook := test.NewNullLogger()
		var happened []string
		say := func(text string) { happened = append(happened, text) }
		heard := func() []string {
			synctest.Wait()
			all := happened
			happened = nil
			return all
		}
		work := func(takes time.Duration) func(context.Context) {
			return func(ctx context.Context) {
				name, _ := pprof.Label(ctx, "work")
				say(name + " runs")
				<-ctx.Done()
				time.Sleep(takes)
				say(name + " ends")
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		end := begin(ctx, []background{
			{name: "drainer", run: work(0), drains: true},
			{name: "waiter", first: func(context.Context) { synctest.Wait(); say("waiter prepares") }, run: work(0)},
			{name: "idler", run: func(context.Context) {}},
			{name: "laggard", first: func(context.Context) { synctest.Wait() }, run: work(slowStop + time.Second), drains: true},
			{name: "last", first: func(context.Context) { synctest.Wait() }, run: work(time.Second), drains: true},
		}, log)
		if diff := cmp.Diff([]string{"drainer runs", "waiter prepares", "waiter runs", "laggard runs", "last runs"}, heard()); diff != "" {
			t.Errorf("at the beginning (-want +got):\n%s", diff)
		}
		stop()
		if diff := cmp.Diff([]string{"waiter ends"}, heard()); diff != "" {
			t.Errorf("when the host is told to end (-want +got):\n%s", diff)
		}
		end()
		if diff := cmp.Diff([]string{"last ends", "laggard ends", "drainer ends"}, heard()); diff != "" {
			t.Errorf("at the end (-want +got):\n%s", diff)
		}
		if said := hook.AllEntries(); len(said) != 1 || said[0].Data["work"] != "laggard" {
			t.Errorf("%d lines are logged, want one about the laggard", len(said))
		}
	})
}

// TestBackgroundOfAHost holds the order of a host's own work: the service manager is told from the very beginning to the very end,
// and what rules have seen is saved after the last of what they judge.
func TestBackgroundOfAHost(t *testing.T) {
	h := &Host{}
	var names, drain []string
	for _, b := range h.background(t.Context()) {
		names = append(names, b.name)
		if b.drains {
			drain = append(drain, b.name)
		}
		if b.run == nil || strings.TrimSpace(b.name) == "" || slices.Index(names, b.name) < len(names)-1 {
			t.Errorf("%q isn't whole", b.name)
		}
	}
	want := []string{
		"service manager", "socket", "certificates", "ledger file", "what rules have seen", "directory", "history", "rule files", "DNS", "follow-ups", "audits",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"service manager", "socket", "ledger file", "what rules have seen"}, drain); diff != "" {
		t.Errorf("what drains (-want +got):\n%s", diff)
	}
}
