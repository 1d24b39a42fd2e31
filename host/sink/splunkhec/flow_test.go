package splunkhec

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestFlow checks that requests wait for room, and how the bound moves.
func TestFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(4)
		enter := func() int {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			round, err := f.enter(ctx)
			if err != nil {
				return -1
			}
			return round
		}
		for range 4 {
			if enter() < 0 {
				t.Fatal("no room for 4")
			}
		}
		if enter() >= 0 {
			t.Fatal("room for a fifth")
		}
		for range 4 { // all of one round: halved once
			f.leave(0, overloaded)
		}
		if f.bound != 2 {
			t.Fatalf("the bound is %v, want 2", f.bound)
		}
		for range 5 {
			f.leave(enter(), overloaded)
		}
		if f.bound != 1 {
			t.Fatalf("the bound is %v, want 1, never less", f.bound)
		}
		round := enter()
		entered := make(chan int)
		go func() { entered <- enter() }()
		synctest.Wait()
		f.leave(round, worked)
		if got := <-entered; got < 0 {
			t.Error("nobody told the waiting request that there is room")
		}
		f.leave(0, neutral)
		for range 100 {
			f.leave(enter(), worked)
		}
		if f.bound != 4 || f.active != 0 {
			t.Errorf("after many that worked the bound is %v and %d active, want 4 and 0", f.bound, f.active)
		}
	})
}

func TestCollectorsRest(t *testing.T) {
	c := newCollectors([]string{"https://a:1", "https://b:1/", "https://c:1"})
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	order := func() (names string) {
		for _, one := range c.order(now) {
			names += one.name[:1]
		}
		return names
	}
	if got := order() + " " + order() + " " + order() + " " + order(); got != "abc bca cab abc" {
		t.Errorf("in turn: %s", got)
	}
	b := c.list[1]
	for _, rest := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		c.note(b, false, now)
		if got := b.resting.Sub(now); got != rest*time.Second {
			t.Errorf("rests %v, want %v s", got, int(rest))
		}
	}
	for range 3 {
		if got := order(); got[2] != 'b' {
			t.Errorf("order %s, want the one that rests last", got)
		}
	}
	now = now.Add(time.Minute)
	first := ""
	for range 3 {
		first += order()[:1]
	}
	if first != "abc" && first != "bca" && first != "cab" {
		t.Errorf("first are %s: the one that has rested gets no share", first)
	}
	if c.note(b, true, now); b.failures != 0 || b.base != "https://b:1/services/collector" {
		t.Errorf("%+v", b)
	}
}

// TestCodes holds the table to what every client of the collector relies on.
func TestCodes(t *testing.T) {
	seen := map[int]bool{}
	for _, c := range codes {
		if seen[c.number] {
			t.Errorf("code %d is there twice", c.number)
		}
		seen[c.number] = true
		r := reply{status: c.status, Code: &c.number}
		if r.verdict() != c.verdict || r.advice() != c.advice {
			t.Errorf("code %d: %v, %q", c.number, r.verdict(), r.advice())
		}
		if delivers := c.verdict == delivered; delivers != (c.number == 0 || r.nearFull()) || delivers && c.status != 200 {
			t.Errorf("code %d counts as delivered", c.number)
		}
	}
	for number := range 30 { // with another status a code says nothing good
		for _, status := range []int{201, 202, 204, 302, 400, 404, 500} {
			if r := (reply{status: status, Code: &number}); r.verdict() == delivered {
				t.Errorf("HTTP %d with code %d counts as delivered", status, number)
			}
		}
		if r := (reply{status: 200, Code: &number}); r.verdict() == delivered && number != 0 && number != 24 && number != 25 {
			t.Errorf("HTTP 200 with code %d counts as delivered", number)
		}
	}
	for status, want := range map[int]verdict{200: stranger, 204: stranger, 413: tooLarge, 401: denied, 403: denied, 429: busy, 503: busy, 504: busy, 502: failed, 301: failed} {
		if got := (reply{status: status}).verdict(); got != want {
			t.Errorf("HTTP %d without a code: %v, want %v", status, got, want)
		}
	}
}
