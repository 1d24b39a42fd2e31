package host

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// openDisk opens what lives in data_dir: the ledger, the socket and the dead letters. A dry run has nothing of it.
func (h *Host) openDisk(ctx context.Context, c config.Config, o Options) error {
	if o.DryRun {
		return h.modules.Remember(nil, nil)
	}
	if err := h.openLedger(c); err != nil {
		return err
	}
	h.listenLocally(ctx, o.Build)
	if h.letters = DeadLetters(c); o.Letters != "" {
		beside := c
		beside.DataDir = o.Letters
		h.letters = DeadLetters(beside)
	}
	return nil
}

func (h *Host) openLedger(c config.Config) error {
	store, err := openStore(c.DataDir, h.log)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, store)
	h.ledger, h.store = ledger.New(store), store
	h.ledger.Damaged = func(stream string, err error) {
		h.log.WithError(err).WithField("stream", stream).
			Errorf("the ledger's record is damaged: %s", lostLedger)
	}
	return h.modules.Remember(store, h.ledger)
}

// compact makes the ledger's file smaller each night, until ctx ends.
func (h *Host) compact(ctx context.Context) {
	if h.store != nil {
		compactNightly(ctx, h.store, h.log)
	}
}

// quietHour is the hour, in local time, in which the ledger is made smaller when it is mostly free space.
const quietHour = 3

// compactable is a file that can be made smaller.
type compactable interface {
	// Compact returns the sizes in bytes before and after, the same when there is nothing to gain.
	Compact() (before, after int64, err error)
}

// compactNightly makes the ledger's file smaller each night, until ctx ends.
func compactNightly(ctx context.Context, file compactable, log logrus.FieldLogger) {
	for backoff.Sleep(ctx, untilQuiet(time.Now())) == nil {
		before, after, err := file.Compact()
		if err != nil {
			log.WithError(err).Warn("can't make the ledger's file smaller; it is tried again the next night")
		} else if after < before {
			log.WithFields(logrus.Fields{"before": before, "after": after}).Info("the ledger's file was made smaller")
		}
	}
}

// untilQuiet is how long it is until the next quiet hour begins.
func untilQuiet(now time.Time) time.Duration {
	next := time.Date(now.Year(), now.Month(), now.Day(), quietHour, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = time.Date(now.Year(), now.Month(), now.Day()+1, quietHour, 0, 0, 0, now.Location())
	}
	return next.Sub(now)
}
