package host

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// TestStatusOfAHost asks a host through its socket before it runs, while a sink can't be reached, and the ledger when it is
// gone; the last word of the host and the ledger's agree.
func TestStatusOfAHost(t *testing.T) {
	c, log, logged := replay(t), quietLog(), make(messages, 1000)
	dead := config.Syslog{Name: "archive", Config: syslog.Defaults()}
	dead.Config.Receiver = "generic"
	dead.Config.Address, dead.Config.Network = "127.0.0.1:1", syslog.TCP
	c.Sinks.Syslog = append(c.Sinks.Syslog, dead)
	log.AddHook(logged)
	stale, err := net.Listen("unix", socketIn(t, c))
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false) // what a killed host leaves
	stale.Close()
	h, err := New(t.Context(), c, Options{Log: log, Build: admin.Build{Version: "1.2.3"}})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			h.Close()
		}
	}()
	if info, err := os.Lstat(filepath.Join(c.DataDir, admin.SocketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	if s := ask(t, c); !s.Running || s.Ready || s.Version != "1.2.3" || s.Problems[0] != "the host "+starting {
		t.Errorf("before it runs: %+v", s)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	for text := range logged {
		if strings.Contains(text, "the sink doesn't take events") {
			break
		}
	}
	s := ask(t, c)
	archive, disk := s.Sinks[0], s.Sinks[1]
	if archive.NextTry == nil || !archive.NextTry.After(*archive.DownSince) || disk.NextTry != nil {
		t.Errorf("next tries: %v and %v, want one after %v and none", archive.NextTry, disk.NextTry, archive.DownSince)
	}
	if archive.Up || archive.LastError == nil || !strings.Contains(archive.LastError.Text, "connection refused") || archive.Promise != pipeline.Received ||
		!disk.Up || disk.Promise != pipeline.Written {
		t.Errorf("sinks: %+v", s.Sinks)
	}
	for _, f := range s.Streams[0].Sinks {
		if f.In != f.Confirmed+f.Dead+f.Open {
			t.Errorf("%s: %d rows in, %d confirmed, %d dead, %d open", f.Sink, f.In, f.Confirmed, f.Dead, f.Open)
		}
	}
	if s.Rules.On != 1 || s.Rules.Hash == "" || len(s.Modules) != 1 || s.Modules[0].Name != "cel" {
		t.Errorf("rules: %+v, modules: %+v", s.Rules, s.Modules)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	last := ask(t, c)
	h.Close()
	closed = true
	after := ask(t, c)
	if after.Running || len(after.Streams) != 1 || after.Streams[0].Sinks[0].Windows != 1 {
		t.Errorf("without a host: %+v", after)
	}
	if got, want := after.Streams[0].Sinks[1].Total, last.Streams[0].Sinks[1].Total; got != want || got.Confirmed != last.Streams[0].Sinks[1].Confirmed {
		t.Errorf("the ledger says %+v, the host said %+v", got, want)
	}
}

func socketIn(t *testing.T, c config.Config) string {
	t.Helper()
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(c.DataDir, admin.SocketName)
}

func ask(t *testing.T, c config.Config) admin.Status {
	t.Helper()
	s, err := Status(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
