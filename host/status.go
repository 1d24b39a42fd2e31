package host

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// listenLocally opens the socket that `riskrelay status` asks. It is called with the ledger locked, so that no other host
// uses the directory. A host that can't goes on without.
func (h *Host) listenLocally(ctx context.Context, build admin.Build) {
	listen := func() (io.Closer, error) {
		return admin.ListenSocket(ctx, h.config.DataDir, build, h.snapshot, func() admin.Status {
			s := admin.Summarize(h.snapshot(), build, promises(h.config))
			if err := countLetters(&s, DeadLetters(h.config)); err != nil {
				h.log.WithError(err).Warn("the status lacks dead letters")
			}
			return s
		}, h.modules.Owns, admin.Proving(h))
	}
	socket, err := openSocket(filepath.Join(h.config.DataDir, admin.SocketName), listen)
	if err != nil {
		h.log.WithError(err).Warn("`riskrelay status` can't ask this host")
		return
	}
	h.socket, h.closers = socket, append(h.closers, socket)
}

// keepSocket opens the socket anew when its file has gone, until ctx ends.
func (h *Host) keepSocket(ctx context.Context) {
	if h.socket != nil {
		h.socket.keep(ctx, socketLook)
	}
}

// Status asks the host that runs with this configuration how it does. When none runs, it says what the ledger and the
// dead letters say; an empty ledger is no error.
func Status(ctx context.Context, c config.Config) (admin.Status, error) {
	s, err := admin.Ask(ctx, c.DataDir)
	if !errors.Is(err, admin.ErrNoHost) {
		return s, err
	}
	states, err := ledgerStates(c.DataDir)
	if err != nil {
		return admin.Status{}, err
	}
	s = admin.FromLedger(time.Now(), states, promises(c))
	s.Abandoned = slices.DeleteFunc(s.Abandoned, func(a admin.Abandoned) bool { return slices.Contains(c.Sinks.Forget, a.Sink) })
	return s, countLetters(&s, DeadLetters(c))
}

func countLetters(s *admin.Status, letters *deadletter.Store) (err error) {
	for i := range s.Sinks {
		one := &s.Sinks[i]
		var failed error
		one.Letters, one.LetterBytes, failed = letters.Count(one.Name)
		err = errors.Join(err, failed)
	}
	return err
}

// promises say what the confirmation of each sink is worth, by its name.
func promises(c config.Config) map[string]pipeline.Promise {
	all := map[string]pipeline.Promise{}
	for _, s := range c.Sinks.All() {
		all[s.Name] = s.Promise
	}
	return all
}
