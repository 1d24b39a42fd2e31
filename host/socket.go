package host

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// socketLook is how often a host looks whether its socket is still there.
const socketLook = 15 * time.Second

// socket is a server on a file that goes when somebody removes the directory. Then it is opened anew.
type socket struct {
	server io.Closer // nil while it can't be opened
	stop   chan struct{}
	done   sync.WaitGroup
}

// openSocket calls listen, and again when it finds, as it looks every so often, that the file at path has gone. Close ends the
// server and the looking.
func openSocket(path string, every time.Duration, listen func() (io.Closer, error)) (*socket, error) {
	server, err := listen()
	if err != nil {
		return nil, err
	}
	s := &socket{server: server, stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
				s.renew(listen)
			}
		}
	})
	return s, nil
}

// renew replaces the server. Where the directory is still gone, the next look tries again.
func (s *socket) renew(listen func() (io.Closer, error)) {
	if s.server != nil {
		_ = s.server.Close() // nobody can ask it any more
	}
	server, err := listen()
	if err != nil {
		server = nil
	}
	s.server = server
}

// Close ends the server.
func (s *socket) Close() error {
	close(s.stop)
	s.done.Wait()
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}
