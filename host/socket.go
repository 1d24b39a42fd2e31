package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// socketLook is how often a host looks whether its socket is still there.
const socketLook = 15 * time.Second

// socket is a server on a file that goes when somebody removes the directory. Then it is opened anew.
type socket struct {
	path   string
	listen func() (io.Closer, error)
	server io.Closer // nil while it can't be opened
}

// openSocket calls listen, whose server has the file at path.
func openSocket(path string, listen func() (io.Closer, error)) (*socket, error) {
	server, err := listen()
	if err != nil {
		return nil, err
	}
	return &socket{path: path, listen: listen, server: server}, nil
}

// keep looks every so often whether the file is there, and opens the socket anew if not, until ctx ends.
func (s *socket) keep(ctx context.Context, every time.Duration) {
	for backoff.Sleep(ctx, every) == nil {
		if _, err := os.Lstat(s.path); errors.Is(err, fs.ErrNotExist) {
			s.renew()
		}
	}
}

// renew replaces the server. Where the directory is still gone, the next look tries again.
func (s *socket) renew() {
	if s.server != nil {
		_ = s.server.Close() // nobody can ask it any more
	}
	server, err := s.listen()
	if err != nil {
		server = nil
	}
	s.server = server
}

// Close ends the server. Nobody may be keeping it.
func (s *socket) Close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}
