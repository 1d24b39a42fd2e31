package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// ledgerFile is the ledger's store as this process holds it. Only this file knows which store that is.
type ledgerFile interface {
	ledger.Store
	compactable
	io.Closer
}

// lostLedger is what follows from a ledger that is lost.
const lostLedger = "reading begins as far back as the source's start says, and rows that were sent before are sent again with the " +
	"same event_id; rows that are older and were not sent yet need a longer start"

// openStore opens the store in a data directory for this process alone, and logs what is wrong with it, now and later.
func openStore(dir string, log logrus.FieldLogger) (ledgerFile, error) {
	store, err := boltstore.Open(dir)
	if err != nil {
		return nil, err
	}
	if aside := store.SetAside(); aside != "" {
		log.WithField("file", aside).
			Errorf("the ledger is damaged and was set aside: %s", lostLedger)
	}
	store.Told = func(what string) { log.Error(what) }
	return store, nil
}

// peekStore opens the store in a data directory for reading only. The error is fs.ErrNotExist when there is none yet.
func peekStore(dir string) (ledgerFile, error) { return boltstore.Peek(dir) }

// ledgerStates is what the ledger in a data directory holds, by stream; nil when there is none yet.
func ledgerStates(dir string) (map[string]*pipeline.State, error) {
	store, err := peekStore(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, boltstore.ErrLocked):
		return nil, fmt.Errorf("%w, and doesn't answer on its socket (%s): it may just be starting or ending", err, admin.SocketName)
	case err != nil:
		return nil, err
	}
	states, err := ledger.New(store).Streams()
	return states, errors.Join(err, store.Close())
}
