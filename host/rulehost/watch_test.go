package rulehost

import (
	"context"
	"testing"

	"github.com/sirupsen/logrus"
)

// messages is a hook that sends what is logged.
type messages chan string

func (m messages) Levels() []logrus.Level { return logrus.AllLevels }

func (m messages) Fire(e *logrus.Entry) error {
	m <- e.Message
	return nil
}

// TestWatch changes files under a watching host: a good set is loaded, a bad one reported once.
func TestWatch(t *testing.T) {
	f := &field{t: t, dir: t.TempDir(), text: ruleText}
	f.good(1, false)
	m := startIn(t, f.dir)
	logged := make(messages, 100)
	m.log.AddHook(logged)
	m.watch()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.FollowFiles(ctx) }()
	defer func() { stop(); <-done }()
	expect := func(want string) {
		t.Helper()
		if got := <-logged; got != want {
			t.Fatalf("want %q logged, got %q", want, got)
		}
	}
	f.put("a.yaml", "nonsense")
	expect("can't reload changed rule files: the old rules stay at work")
	f.put("other.txt", "no rule file, so that nothing is said")
	f.put("a.yaml", "nonsense")
	f.good(2, true)
	expect("rules reloaded: their files changed")
}
