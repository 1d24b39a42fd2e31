package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

// SocketName is the socket's file in the data directory.
const SocketName = "admin.sock"

// ListenSocket answers GET /status, the pages of Listen, and those that more adds, on a Unix socket in dir that only its owner may use. A socket
// that an earlier process left is removed: whoever calls this holds the lock on dir. The error is about the path.
func ListenSocket(ctx context.Context, dir string, build Build, snapshot func() Snapshot, status func() Status, more ...func(*http.ServeMux)) (*Server, error) {
	path := filepath.Join(dir, SocketName)
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("open the socket for `riskrelay status`: %s is there and no socket: remove it", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the socket for `riskrelay status`: %w", err)
	}
	// The mode of the descriptor is the one that bind gives the file, so that it is nobody else's at any moment.
	private := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		return conn.Control(makePrivate) // where it doesn't work, chmod below does
	}}
	listener, err := private.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the socket for `riskrelay status`: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the socket for `riskrelay status`: %w", err), listener.Close())
	}
	mux := newMux(build, snapshot)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(status()) // whoever asked is gone when that fails
	})
	for _, add := range more {
		add(mux)
	}
	return serve(listener, mux), nil
}

// ErrNoHost says that nobody answers on the socket.
var ErrNoHost = errors.New("no host runs")

// Ask asks the host that runs in the data directory dir for its status. The error is ErrNoHost when none does.
func Ask(ctx context.Context, dir string) (Status, error) {
	path := filepath.Join(dir, SocketName)
	client := http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://riskrelay/status", http.NoBody)
	if err != nil {
		return Status{}, fmt.Errorf("ask for the status: %w", err)
	}
	reply, err := client.Do(request)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
		return Status{}, fmt.Errorf("%w in %s", ErrNoHost, dir)
	case errors.Is(err, fs.ErrPermission):
		return Status{}, fmt.Errorf("ask for the status: only the host's own user and root may: %w", err)
	case err != nil:
		return Status{}, fmt.Errorf("ask for the status: %w", err)
	}
	defer reply.Body.Close() //nolint:errcheck // it was only read
	var s Status
	if err := json.NewDecoder(reply.Body).Decode(&s); err != nil {
		return Status{}, fmt.Errorf("read the status: %w", err)
	}
	return s, nil
}
