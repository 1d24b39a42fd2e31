package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
)

// inBubble runs test with a fake's process, on a clock of its own.
func inBubble(t *testing.T, f *fake, test func(t *testing.T, p *Process)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := f.process()
		defer func() { _ = p.Close() }()
		test(t, p)
	})
}

// timed calls Tag and returns what came out and how long it took.
func timed(t *testing.T, p *Process, words ...string) (text string, took time.Duration) {
	t.Helper()
	begin := time.Now()
	lists, err := p.Tag(t.Context(), events(words...))
	return strings.Join(append(brief(lists), errorText(err)), ""), time.Since(begin)
}

// TestLateCalls holds that late answers cost each call their limit three times in a row and nothing after that, that the
// program is started again while no event waits for it, and that one call tries it.
func TestLateCalls(t *testing.T) {
	f := new(fake)
	inBubble(t, f, func(t *testing.T, p *Process) {
		configure(t, p, "x")
		for i := range maxFailures {
			if text, took := timed(t, p, "fish", "late", "fish"); text != "no answer within 2s" || took > lateAfter+time.Second {
				t.Errorf("call %d took %v: %s", i, took, text)
			}
		}
		if n := f.calls.Load(); n != maxFailures {
			t.Errorf("the module was asked %d times", n)
		}
		if text, took := timed(t, p, "fish"); took != 0 || !strings.HasPrefix(text, "module is off and will be tried again in ") {
			t.Errorf("the next took %v: %s", took, text)
		}
		if h := p.Health(); h.On || !h.Open || h.Timeouts != maxFailures || h.Reason != "no answer within 2s" || h.Next.IsZero() {
			t.Errorf("Health = %+v", h)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		starts := len(f.started())
		tried := make(chan string)
		go func() {
			text, _ := timed(t, p, "late")
			tried <- text
		}()
		synctest.Wait()
		if text, took := timed(t, p, "fish"); took != 0 || !strings.HasPrefix(text, "module is off and is being tried again") {
			t.Errorf("beside the try, took %v: %s", took, text)
		}
		if text := <-tried; text != "no answer within 2s" || len(f.started()) != starts {
			t.Errorf("%d starts for the try: %s", len(f.started())-starts, text)
		}
		time.Sleep(30 * time.Second)
		if text, _ := timed(t, p, "fish"); text != "" {
			t.Errorf("the module that works again: %s", text)
		}
		if h := p.Health(); !h.On || h.Open || h.Reason != "" {
			t.Errorf("Health = %+v", h)
		}
		if last := f.given()[len(f.given())-1]; last != "x" {
			t.Errorf("the last run has the configuration %q", last)
		}
	})
}

// TestAFailureNowAndThen holds that failures that aren't in a row leave the breaker closed.
func TestAFailureNowAndThen(t *testing.T) {
	inBubble(t, new(fake), func(t *testing.T, p *Process) {
		configure(t, p, "x")
		for range 4 * maxFailures {
			_, _ = timed(t, p, "late")
			if text, _ := timed(t, p, "fish"); text != "" {
				t.Fatal(text)
			}
		}
	})
}

// TestEventsAreHeldForTenSecondsAtMost has the search for an event that ends the program take long.
func TestEventsAreHeldForTenSecondsAtMost(t *testing.T) {
	f := &fake{delay: 1500 * time.Millisecond}
	inBubble(t, f, func(t *testing.T, p *Process) {
		configure(t, p, "x")
		begin := time.Now()
		words := append(make([]string, 60), "poison", "", "poison", "")
		lists, err := p.Tag(t.Context(), events(words...))
		if took := time.Since(begin); took > maxHold || err != nil {
			t.Fatalf("took %v: %v", took, err)
		}
		want := make([]string, len(words))
		for i := 48; i < len(words); i++ { // the first halves were judged in time
			want[i] = "!module held the events for 10s"
		}
		if diff := cmp.Diff(want, brief(lists)); diff != "" {
			t.Error(diff)
		}
		if text, took := timed(t, p, "fish"); took != 0 || !strings.Contains(text, "module is off") {
			t.Errorf("the next took %v: %s", took, text)
		}
	})
}

// TestCrashLoop has every event end the program.
func TestCrashLoop(t *testing.T) {
	f := &fake{slow: 300 * time.Millisecond}
	inBubble(t, f, func(t *testing.T, p *Process) {
		configure(t, p, "x")
		words := strings.Fields(strings.Repeat("poison ", 512))
		for range maxFailures {
			if text, took := timed(t, p, words...); took > maxHold || text == "" {
				t.Errorf("took %v: %s", took, text)
			}
		}
		starts, begin := len(f.started()), time.Now()
		for time.Since(begin) < time.Hour {
			if _, took := timed(t, p, "poison"); took > maxHold {
				t.Fatalf("a call took %v", took)
			}
			time.Sleep(time.Second)
		}
		if n := len(f.started()) - starts; n > 4*120 { // the revival and what the try takes, each half minute
			t.Errorf("%d starts in an hour", n)
		}
	})
}

// TestAModuleThatComesToLife holds that a module that couldn't be started gets the last configuration when it can be, and
// that nobody has to ask for it.
func TestAModuleThatComesToLife(t *testing.T) {
	f := new(fake)
	f.broken.Store(true)
	inBubble(t, f, func(t *testing.T, p *Process) {
		for _, settings := range []string{"one", "two"} {
			down := new(DownError)
			if err := p.Configure(t.Context(), enrich.Config{Settings: []byte(settings)}); !errors.As(err, &down) || !strings.Contains(err.Error(), "no luck") {
				t.Errorf("Configure = %v", err)
			}
		}
		if text, took := timed(t, p, "fish"); took != 0 || !strings.Contains(text, "no luck") {
			t.Errorf("took %v: %s", took, text)
		}
		f.broken.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"two"}, f.given()); diff != "" {
			t.Error(diff)
		}
		if text, _ := timed(t, p, "fish"); text != "" {
			t.Error(text)
		}
		if h := p.Health(); !h.On || h.Restarts != 0 {
			t.Errorf("Health = %+v", h)
		}
	})
}

// TestAConfigurationThatIsRefusedAtTheStart holds that a module isn't asked without its configuration.
func TestAConfigurationThatIsRefusedAtTheStart(t *testing.T) {
	inBubble(t, new(fake), func(t *testing.T, p *Process) {
		if err := p.Configure(t.Context(), enrich.Config{Settings: []byte("refuse")}); errorText(err) != "refused" {
			t.Errorf("Configure = %v", err)
		}
		time.Sleep(time.Minute)
		if text, _ := timed(t, p, "fish"); !strings.Contains(text, "with the last configuration: refused") {
			t.Errorf("Tag: %s", text)
		}
		if h := p.Health(); h.On || !strings.Contains(h.Reason, "refused") {
			t.Errorf("Health = %+v", h)
		}
		_ = p.Configure(t.Context(), enrich.Config{Settings: []byte("good")})
		time.Sleep(time.Second)
		if text, _ := timed(t, p, "fish"); text != "" {
			t.Errorf("with another configuration: %s", text)
		}
	})
}

// TestWithoutAConfigurationToGive holds that a module that has none isn't started and asked without, until there is one, and
// that one that has some keeps it.
func TestWithoutAConfigurationToGive(t *testing.T) {
	f := new(fake)
	inBubble(t, f, func(t *testing.T, p *Process) {
		reason := errors.New("no key")
		if err, down := p.Withhold(reason), new(DownError); !errors.As(err, &down) || errorText(err) != "no key" {
			t.Errorf("Withhold = %v", err)
		}
		if text, took := timed(t, p, "fish"); took != 0 || text != "no key" || len(f.started()) > 0 {
			t.Errorf("took %v, %d starts: %s", took, len(f.started()), text)
		}
		if h := p.Health(); h.On || h.Reason != "no key" {
			t.Errorf("Health = %+v", h)
		}
		configure(t, p, "x")
		if err := p.Withhold(reason); errors.As(err, new(*DownError)) || !errors.Is(err, reason) {
			t.Errorf("Withhold from a module that has a configuration = %v", err)
		}
		if text, _ := timed(t, p, "fish"); text != "" {
			t.Error(text)
		}
		if h := p.Health(); !h.On || h.Reason != "" {
			t.Errorf("Health = %+v", h)
		}
	})
}

// TestASlowStart holds that a program that takes longer than events may be held comes back all the same.
func TestASlowStart(t *testing.T) {
	f := new(fake)
	inBubble(t, f, func(t *testing.T, p *Process) {
		configure(t, p, "x")
		p.run.Close()
		f.slow = 3 * maxHold
		if text, took := timed(t, p, "fish"); took > maxHold || text != "module held the events for 10s" {
			t.Errorf("took %v: %s", took, text)
		}
		if text, took := timed(t, p, "fish"); took != 0 || text == "" {
			t.Errorf("the next took %v: %s", took, text)
		}
		time.Sleep(time.Minute)
		if text, took := timed(t, p, "fish"); took != 0 || text != "" {
			t.Errorf("afterwards, took %v: %s", took, text)
		}
	})
}

// TestAFirstStartHoldsNothing holds that events don't wait for a module that was never ready.
func TestAFirstStartHoldsNothing(t *testing.T) {
	f := &fake{slow: time.Minute}
	inBubble(t, f, func(t *testing.T, p *Process) {
		ready := make(chan error)
		go func() { ready <- p.Configure(t.Context(), enrich.Config{}) }()
		synctest.Wait()
		if text, took := timed(t, p, "fish"); took != 0 || text != "module is being started" {
			t.Errorf("took %v: %s", took, text)
		}
		if h := p.Health(); h.On || h.Reason != "module is being started" {
			t.Errorf("Health = %+v", h)
		}
		if err := <-ready; err != nil {
			t.Error(err)
		}
		if text, _ := timed(t, p, "fish"); text != "" {
			t.Error(text)
		}
	})
}

// TestACallerThatGoesAwayDecidesNothing holds that the try is free again for another call.
func TestACallerThatGoesAwayDecidesNothing(t *testing.T) {
	f := &fake{delay: time.Second}
	inBubble(t, f, func(t *testing.T, p *Process) {
		configure(t, p, "x")
		for range maxFailures {
			_, _ = timed(t, p, "late")
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = p.Tag(ctx, events("fish")) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if text, _ := timed(t, p, "fish"); text != "" {
			t.Error(text)
		}
	})
}
