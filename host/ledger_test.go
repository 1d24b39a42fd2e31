package host

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
)

// shrinking is a file that shrinks from its size to half of it, and fails on the second day.
type shrinking struct {
	size int64
	at   []time.Time
}

func (s *shrinking) Compact() (before, after int64, err error) {
	if s.at = append(s.at, time.Now()); len(s.at) == 2 {
		return s.size, s.size, errors.New("no space left on device")
	}
	before, s.size = s.size, s.size/2
	return before, s.size, nil
}

func TestTheLedgerShrinksAtNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, hook := test.NewNullLogger()
		file := &shrinking{size: 1000}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); compactNightly(ctx, file, log) }()
		time.Sleep(73 * time.Hour)
		synctest.Wait()
		stop()
		<-done
		if len(file.at) != 3 || file.size != 250 {
			t.Errorf("compacted at %v, down to %d", file.at, file.size)
		}
		for _, at := range file.at {
			if at.Hour() != quietHour {
				t.Errorf("not at night: %v", at)
			}
		}
		if e := hook.AllEntries(); len(e) != 3 || !strings.Contains(e[1].Message, "can't") {
			t.Errorf("logged %d lines", len(e))
		}
	})
}
