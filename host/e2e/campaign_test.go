//go:build linux

package e2e

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/failpoint"
)

// campaign is how many faults come, and with how many events each.
func campaign(t *testing.T) (rounds, events int) {
	text := os.Getenv("RISKRELAY_CAMPAIGN")
	if text == "" {
		return 0, 1000 // each fault once
	}
	rounds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("RISKRELAY_CAMPAIGN: want a number of faults, not %q", text)
	}
	return rounds, 1000
}

// TestCampaign has everything go wrong while events flow to HEC with acknowledgement, to syslog over TLS and to a file.
// The oracle knows each row by its serial: after every fault, each sink gets all of them, none that was never sent, and none
// again but what was under way.
func TestCampaign(t *testing.T) {
	t.Parallel()
	rounds, events := campaign(t)
	stopped := 2 * time.Second
	if rounds > 0 {
		stopped = 30 * time.Second
	}
	list := faults(stopped)
	order, rigs := list, 1
	if rounds > 0 {
		order, rigs = draw(list, rounds), 3 // side by side: a rig waits more than it works
	}
	var all book
	sent := 0
	t.Run("rigs", func(t *testing.T) {
		for part := range slices.Chunk(order, (len(order)+rigs-1)/rigs) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				r := newRig(t, "")
				var own book
				for i, f := range part {
					e := r.suffer(f, events)
					own.add(e)
					all.add(e)
					if t.Failed() {
						break
					}
					if done := i + 1; done%50 == 0 {
						t.Logf("%d of %d faults\n%s", done, len(part), own.table())
					}
				}
				r.judge()
				all.change(func() { sent += len(r.sent) })
			})
		}
	})
	t.Logf("%d events, %d faults\n%s", sent, len(order), all.table())
}

// TestFailpoints kills the program at each of its points, one time after the other.
func TestFailpoints(t *testing.T) {
	t.Parallel()
	times := 1
	if rounds, _ := campaign(t); rounds > 0 {
		times = 3
	}
	r := newRig(t, "failpoints")
	var book book
	// What rules have seen is saved every half a minute and at the end, and only while there is something new in it.
	seen := []failpoint.Point{failpoint.SeenUnsaved, failpoint.SeenSaved}
	rest := slices.DeleteFunc(failpoint.Points(), func(at failpoint.Point) bool { return slices.Contains(seen, at) })
	for _, at := range append(seen, rest...) {
		for n := range times {
			if n > 0 && slices.Contains(seen, at) {
				continue
			}
			if n > 1 && (at == failpoint.WindowUncut || at == failpoint.WindowCut) {
				continue // one window of each table is cut
			}
			book.add(r.suffer(dies(at, strconv.Itoa(n+1)), 3000))
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	r.judge()
	t.Logf("%d events, %d deaths\n%s", len(r.sent), len(book.entries), book.table())
}

// draw chooses faults, each as often as it is to come, in a random order.
func draw(list []fault, rounds int) (order []fault) {
	for len(order) < rounds {
		for _, f := range list {
			for range max(1, f.often) {
				order = append(order, f)
			}
		}
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order[:rounds]
}

// entry is how one fault went.
type entry struct {
	fault                           string
	events, lost, repeated, created int
	recovery                        time.Duration // from the fault's end until every sink had everything
}

// suffer has events come in and a fault go wrong meanwhile.
func (r *rig) suffer(f fault, events int) entry {
	r.t.Helper()
	ctx, stop := r.patient()
	defer stop()
	if err := poll(ctx, r.began); err != nil {
		r.t.Errorf("before %s: the program doesn't run: %v: %s", f.name, err, r.program.last())
		return entry{fault: f.name}
	}
	hec, others := r.due()
	different, total := r.came()
	letters := r.letters()
	if f.arm != nil {
		f.arm(r)
	}
	at := r.add(events, f.refused)
	if f.strike != nil {
		f.strike(ctx, r, events)
	}
	begin := time.Now()
	if f.name == "rm -rf data_dir" {
		letters = 0 // they went with it
	}
	err := r.complete(ctx, letters+f.refused)
	e := entry{fault: f.name, events: events, recovery: time.Since(begin)}
	if err == nil {
		err = r.confirmed(ctx, at)
	}
	r.answer.Store(nil)
	now, all := r.came()
	wantHEC, wantOthers := r.due()
	want := wantHEC - hec + 2*(wantOthers-others)
	e.lost, e.created = max(0, want-(now-different)), max(0, now-different-want)
	e.repeated = all - total - (now - different)
	switch {
	case err != nil:
		r.t.Errorf("%s: %d of %d events didn't come or weren't confirmed: %v; %d dead letters, want %d; running: %v\n%s",
			f.name, e.lost, want, err, r.letters(), letters+f.refused, r.program.running(), r.program.last())
	case !f.repeats && e.repeated > 2*3*events:
		r.t.Errorf("%s: %d events came again", f.name, e.repeated)
	}
	return e
}

// judge compares all that came with all that was sent.
func (r *rig) judge() {
	r.t.Helper()
	r.program.kill()
	r.file.log(r.t)
	for id := range r.poison {
		if r.hec.Events.Times(id) > 0 {
			r.t.Errorf("hec has %s, which it refused", id)
		}
	}
	refused := 0
	hec := r.hec.Events.Compare(r.sent)
	for _, id := range hec.Missing {
		if r.poison[id] {
			refused++
		}
	}
	syslog, file := r.syslog.Events.Compare(r.sent), r.file.events.Compare(r.sent)
	if refused != len(r.poison) || refused != len(hec.Missing) || len(hec.Invented) > 0 || !syslog.None() || !file.None() {
		r.t.Errorf("hec: %s, %d of them refused; syslog: %s; file: %s", show(hec.Missing, hec.Invented), refused,
			show(syslog.Missing, syslog.Invented), show(file.Missing, file.Invented))
	}
	if bad := r.syslog.Malformed(); len(bad) > 0 {
		r.t.Logf("syslog messages that were cut: %d, first: %v", len(bad), bad[0])
	}
}

// book is the list of faults.
type book struct {
	mu      sync.Mutex
	entries []entry
}

func (b *book) add(e entry) { b.change(func() { b.entries = append(b.entries, e) }) }

// change does something that no other rig does at the same time.
func (b *book) change(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do()
}

// table is one line for each fault: how often it came, with how many events, and how that went, all sinks together.
func (b *book) table() string {
	byName := map[string][]entry{}
	var names []string
	for _, e := range b.entries {
		if byName[e.fault] == nil {
			names = append(names, e.fault)
		}
		byName[e.fault] = append(byName[e.fault], e)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-40s %6s %8s %6s %9s %9s %8s %8s\n", "fault", "count", "events", "lost", "repeated", "invented", "median", "longest")
	var sum entry
	for _, name := range names {
		list := byName[name]
		total := entry{}
		for _, e := range list {
			total.events, total.lost, total.repeated, total.created = total.events+e.events, total.lost+e.lost, total.repeated+e.repeated, total.created+e.created
		}
		slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.recovery, b.recovery) })
		fmt.Fprintf(&text, "%-40s %6d %8d %6d %9d %9d %7.1fs %7.1fs\n", name, len(list), total.events, total.lost, total.repeated, total.created,
			list[len(list)/2].recovery.Seconds(), list[len(list)-1].recovery.Seconds())
		sum.events, sum.lost, sum.repeated, sum.created = sum.events+total.events, sum.lost+total.lost, sum.repeated+total.repeated, sum.created+total.created
	}
	fmt.Fprintf(&text, "%-40s %6d %8d %6d %9d %9d", "all", len(b.entries), sum.events, sum.lost, sum.repeated, sum.created)
	return text.String()
}
