package plugin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// fake is a module whose runs are Go values. An event with the word "poison" ends a run, and one with the word "late" is
// answered so late that a session would end.
type fake struct {
	broken atomic.Bool   // no start works
	slow   time.Duration // of a start
	delay  time.Duration // of Tag
	calls  atomic.Int64  // of Tag
	begin  time.Time

	mu       sync.Mutex // guards the following
	starts   []time.Duration
	settings []string // that runs were given
}

// started returns when runs were started, since the beginning.
func (f *fake) started() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.starts)
}

// given returns the settings that runs were given.
func (f *fake) given() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.settings)
}

type fakeRun struct {
	*fake
	over atomic.Bool
}

func (f *fake) start(ctx context.Context) (run, enrich.Description, error) {
	f.mu.Lock()
	f.starts = append(f.starts, time.Since(f.begin))
	f.mu.Unlock()
	if !pass(ctx, f.slow) {
		return nil, enrich.Description{}, context.Cause(ctx)
	}
	if f.broken.Load() {
		return nil, enrich.Description{}, errors.New("no luck")
	}
	return &fakeRun{fake: f}, enrich.Description{Name: "fake"}, ctx.Err()
}

func (r *fakeRun) Configure(_ context.Context, c enrich.Config) (enrich.Description, error) {
	if string(c.Settings) == "refuse" {
		return enrich.Description{}, errors.New("refused")
	}
	r.mu.Lock()
	r.settings = append(r.settings, string(c.Settings))
	r.mu.Unlock()
	return enrich.Description{Name: "fake"}, nil
}

func (r *fakeRun) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	r.calls.Add(1)
	if !pass(ctx, r.delay) {
		return nil, context.Cause(ctx)
	}
	for i := range events {
		switch events[i].Text("Word") {
		case "poison":
			r.over.Store(true)
			return nil, &lostError{errors.New("poisoned")}
		case "late":
			pass(ctx, lateAfter)
			r.over.Store(true)
			return nil, &lateError{lateAfter}
		}
	}
	return make([][]enrich.Tag, len(events)), nil
}

// lateAfter is what a fake takes for an answer that is too late.
const lateAfter = 2 * time.Second

// pass reports whether the time passed before ctx ended.
func pass(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *fakeRun) Over() bool { return r.over.Load() }
func (r *fakeRun) Close()     { r.over.Store(true) }

func (f *fake) process() *Process {
	f.begin = time.Now()
	return newProcess(f.start, backoff.Policy{Min: 100 * time.Millisecond, Max: 30 * time.Second}, func() {})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		f.broken.Store(true)
		p := f.process()
		defer func() { _ = p.Close() }()
		for time.Since(f.begin) < 3*time.Minute {
			called := time.Now()
			if _, err := p.Tag(t.Context(), events("fish")); err == nil || !strings.Contains(err.Error(), "no luck") {
				t.Fatalf("Tag = %v", err)
			}
			if took := time.Since(called); took > 3*patience {
				t.Errorf("a call took %v", took)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(f.started()); n < 12 || n > 16 {
			t.Errorf("%d starts in three minutes: %v", n, f.started())
		}
		f.broken.Store(false)
		time.Sleep(30 * time.Second)
		if _, err := p.Tag(t.Context(), events("fish")); err != nil {
			t.Errorf("Tag of the module that works again = %v", err)
		}
		if p.breaker.failures != 0 {
			t.Errorf("%d failures are remembered", p.breaker.failures)
		}
	})
}

func TestRestartsOfOneCallAreBounded(t *testing.T) {
	words := make([]string, 512)
	for i := range words {
		words[i] = "poison"
	}
	f := new(fake)
	p := f.process()
	defer func() { _ = p.Close() }()
	_, err := p.Tag(t.Context(), events(words...))
	if want := "module ended 40 times over one batch, the last time: poisoned"; err == nil || err.Error() != want {
		t.Errorf("Tag = %v, want %s", err, want)
	}
	words[0], words[511] = "fish", "fish"
	lists, err := p.Tag(t.Context(), events(words...))
	if err != nil || len(lists) != 512 {
		t.Fatalf("%d lists, %v", len(lists), err)
	}
	if got := brief(lists); got[0] != "" || got[1] != "!poisoned" || got[511] != "!module ended 40 times over one batch, the last time: poisoned" {
		t.Errorf("got %q, %q, ..., %q", got[0], got[1], got[511])
	}
	if len(f.started()) > 2*maxRestarts+1 {
		t.Errorf("%d starts", len(f.started()))
	}
}

func TestNewRunsHaveTheLastConfiguration(t *testing.T) {
	f := new(fake)
	p := f.process()
	defer func() { _ = p.Close() }()
	configure(t, p, "one")
	configure(t, p, "two")
	if err := p.Configure(t.Context(), enrich.Config{Settings: []byte("refuse")}); err == nil || err.Error() != "refused" {
		t.Errorf("Configure = %v", err)
	}
	p.run.Close()
	if _, err := p.Tag(t.Context(), events("fish")); err != nil {
		t.Error(err)
	}
	p.run.Close()
	if err := p.Configure(t.Context(), enrich.Config{Settings: []byte("refuse")}); err == nil || err.Error() != "refused" {
		t.Errorf("Configure = %v", err)
	}
	if _, err := p.Tag(t.Context(), events("fish")); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"one", "two", "two", "two"}, f.given()); diff != "" {
		t.Error(diff)
	}
	if n := p.Restarts(); n != len(f.started())-1 || n == 0 {
		t.Errorf("%d restarts after %d starts", n, len(f.started()))
	}
}

// TestInnocentCallsWaitOutARecovery has events of one call end the run while others are under way.
func TestInnocentCallsWaitOutARecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{delay: time.Second}
		p := f.process()
		defer func() { _ = p.Close() }()
		configure(t, p, "x")
		answers := make(chan []string)
		for _, words := range [][]string{{"fish", "fish"}, {"fish", "poison"}, {"fish"}} {
			go func() {
				lists, err := p.Tag(t.Context(), events(words...))
				answers <- append(brief(lists), errorText(err))
			}()
		}
		var refusals int
		for range 3 {
			for _, text := range <-answers {
				if text != "" {
					refusals++
				}
			}
		}
		if refusals != 1 {
			t.Errorf("%d refusals", refusals)
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestEnterStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{delay: time.Hour}
		p := f.process()
		configure(t, p, "x")
		go func() { _, _ = p.Tag(t.Context(), events("fish")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), maxHold/2)
		defer cancel()
		if err := p.Configure(ctx, enrich.Config{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Configure = %v", err)
		}
		_ = p.Close()
	})
}
