package host

import (
	"context"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
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

// lostLedger is what follows from a ledger that is lost.
const lostLedger = "reading begins as far back as the source's start says, and rows that were sent before are sent again with the " +
	"same event_id; rows that are older and were not sent yet need a longer start"

func (h *Host) openLedger(c config.Config) error {
	store, err := boltstore.Open(c.DataDir)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, store)
	if aside := store.SetAside(); aside != "" {
		h.log.WithField("file", aside).
			Errorf("the ledger is damaged and was set aside: %s", lostLedger)
	}
	store.Told = func(what string) { h.log.Error(what) }
	h.ledger, h.file, h.sightings = ledger.New(store), store, store
	h.ledger.Damaged = func(stream string, err error) {
		h.log.WithError(err).WithField("stream", stream).
			Errorf("the ledger's record is damaged: %s", lostLedger)
	}
	return h.modules.Remember(store, h.ledger)
}

// compact makes the ledger's file smaller each night, until ctx ends.
func (h *Host) compact(ctx context.Context) {
	if h.file != nil {
		compactNightly(ctx, h.file, h.log)
	}
}
