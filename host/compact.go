package host

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// quietHour is the hour, in local time, in which the ledger is made smaller when it is mostly free space.
const quietHour = 3

// compactable is a file that can be made smaller.
type compactable interface {
	// Compact returns the sizes in bytes before and after, the same when there is nothing to gain.
	Compact() (before, after int64, err error)
}

// compactor makes the ledger's file smaller each night, until it is closed.
type compactor struct {
	stop chan struct{}
	done sync.WaitGroup
}

func compactNightly(file compactable, log logrus.FieldLogger) *compactor {
	c := &compactor{stop: make(chan struct{})}
	c.done.Go(func() {
		for {
			t := time.NewTimer(untilQuiet(time.Now()))
			select {
			case <-c.stop:
				t.Stop()
				return
			case <-t.C:
			}
			before, after, err := file.Compact()
			if err != nil {
				log.WithError(err).Warn("can't make the ledger's file smaller; it is tried again the next night")
			} else if after < before {
				log.WithFields(logrus.Fields{"before": before, "after": after}).Info("the ledger's file was made smaller")
			}
		}
	})
	return c
}

// untilQuiet is how long it is until the next quiet hour begins.
func untilQuiet(now time.Time) time.Duration {
	next := time.Date(now.Year(), now.Month(), now.Day(), quietHour, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = time.Date(now.Year(), now.Month(), now.Day()+1, quietHour, 0, 0, 0, now.Location())
	}
	return next.Sub(now)
}

// Close returns when nothing is under way any more.
func (c *compactor) Close() error {
	close(c.stop)
	c.done.Wait()
	return nil
}
