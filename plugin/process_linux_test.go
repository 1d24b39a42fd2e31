package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
)

func TestLaunch(t *testing.T) {
	p := launch(t, options(t, "good"))
	about, err := p.Describe(t.Context())
	if err != nil || about.Name != "word" || len(about.Rules) != 1 {
		t.Fatalf("Describe = %+v, %v", about, err)
	}
	configure(t, p, "fish")
	lists, err := p.Tag(t.Context(), events("fish", "fowl", "fish"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"test.word", "", "test.word"}, brief(lists)); diff != "" {
		t.Error(diff)
	}
}

func TestConfigureKeepsWhatWorks(t *testing.T) {
	p := launch(t, options(t, "good"))
	configure(t, p, "fish")
	for settings, want := range map[string]string{
		"refuse":           "settings:1:1: error: refuse is no word\n   1 | refuse\n     | ^^^^^^",
		"refuse at length": strings.Repeat("a problem\n", 100_000),
		"crash":            `configure the module: its program ended (exit status 2), saying "panic: configured to death`,
	} {
		err := p.Configure(t.Context(), enrich.Config{Settings: []byte(settings)})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Configure(%s) = %.300v, want %.300s", settings, err, want)
		}
		lists, err := p.Tag(t.Context(), events("fish"))
		if err != nil || len(lists[0]) != 1 {
			t.Errorf("after %s: Tag = %v, %v", settings, lists, err)
		}
	}
}

// poisoned are n events among which those at the given places end a bad module.
func poisoned(n int, places ...int) []enrich.Event {
	words := make([]string, n)
	for i := range words {
		words[i] = "fish"
		if slices.Contains(places, i) {
			words[i] = "poison"
		}
	}
	return events(words...)
}

func TestPoison(t *testing.T) {
	tests := []struct {
		mode, want string
		n          int
		places     []int
	}{
		{"crash", `its program ended (exit status 2), saying "panic: poisoned by event-`, 512, []int{0}},
		{"crash", `its program ended (exit status 2), saying "panic: poisoned by event-`, 64, []int{17, 63}},
		{"exit", `its program ended (exit status 7)`, 64, []int{31}},
		{"huge", "a message is too large (replies may have 65536 bytes)", 64, []int{5}},
		{"wild", `module's answer refused: tag id "no good\nat=all" has characters other than`, 64, []int{5}},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			o := options(t, tt.mode)
			o.MaxReply = 64 << 10
			p := launch(t, o)
			configure(t, p, "fish")
			lists, err := p.Tag(t.Context(), poisoned(tt.n, tt.places...))
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range brief(lists) {
				if bad := slices.Contains(tt.places, i); !bad && got != "test.word" || bad && !strings.Contains(got, tt.want) {
					t.Errorf("event %d: %q", i, got)
				}
			}
			if lists, err = p.Tag(t.Context(), events("fish")); err != nil || len(lists[0]) != 1 {
				t.Errorf("afterwards: Tag = %v, %v", lists, err)
			}
		})
	}
}

// TestHang holds that the events of a call without an answer in time leave together: nobody searches for the one that
// is the reason. It gives a module more and more time: a busy machine may need long for good events, too.
func TestHang(t *testing.T) {
	for limit := 500 * time.Millisecond; ; limit *= 4 {
		o := options(t, "hang")
		o.TagTimeout = limit
		p := launch(t, o)
		configure(t, p, "fish")
		_, err := p.Tag(t.Context(), poisoned(2, 1))
		if want := fmt.Sprintf("no answer within %v", limit); errorText(err) != want {
			t.Fatalf("Tag = %v, want %s", err, want)
		}
		if n := p.Restarts(); n != 0 {
			t.Errorf("%d restarts to find the event", n)
		}
		lists, err := p.Tag(t.Context(), events("fish"))
		if err == nil && brief(lists)[0] == "test.word" {
			return
		}
		if limit > maxHold {
			t.Fatalf("afterwards: %v, %v", brief(lists), err)
		}
	}
}

func TestModuleThatJudgesNothing(t *testing.T) {
	tests := []struct {
		mode string
		n    int
		want string
	}{
		{"error", 3, "can't judge anything"},
		{"short", 3, "answered 2 events of 3"},
		{"crash-always", 1, `its program ended (exit status 2), saying "panic: no reason`},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			p := launch(t, options(t, tt.mode))
			lists, err := p.Tag(t.Context(), events("a", "b", "c")[:tt.n])
			if err == nil {
				err = errors.New(strings.Join(brief(lists), " "))
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Tag = %v, %v, want %s", brief(lists), err, tt.want)
			}
		})
	}
}

func TestTagStopsWithItsContext(t *testing.T) {
	p := launch(t, options(t, "hang"))
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		_, err := p.Tag(ctx, events("poison"))
		answer <- err
	}()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("Tag = %v", err)
	}
}

func TestClose(t *testing.T) {
	p := launch(t, options(t, "hang"))
	answer := make(chan error, 1)
	go func() {
		_, err := p.Tag(t.Context(), events("poison"))
		answer <- err
	}()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-answer; !errors.Is(err, ErrClosed) {
		t.Errorf("Tag under way = %v", err)
	}
	if _, err := p.Tag(t.Context(), events("fish")); !errors.Is(err, ErrClosed) {
		t.Errorf("Tag afterwards = %v", err)
	}
	if err := p.Configure(t.Context(), enrich.Config{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Configure afterwards = %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
