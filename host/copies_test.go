package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// TestWholeCopies shortens events for a sink. Their whole copies are kept while there is room; without it the sink goes on.
func TestWholeCopies(t *testing.T) {
	for name, room := range map[string]struct {
		bytes            int64
		copied, uncopied int
	}{
		"room": {bytes: 1 << 20, copied: 2}, "no room": {bytes: 1, copied: 0, uncopied: 2},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := syslogtest.Start(syslogtest.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			c := replay(t)
			var rows strings.Builder
			for i, size := range []int{10, 5000, 20, 6000} {
				fmt.Fprintf(&rows, `{"Type":"AuditLogs","_ItemId":"i-%d","TimeGenerated":"2026-03-02T10:00:00Z","Result":"%s"}`+"\n", i, strings.Repeat("r", size))
			}
			if err := os.WriteFile(c.Sources.Files[0], []byte(rows.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			archive := config.Syslog{Name: "archive", Config: syslog.Defaults()}
			archive.Config.Receiver = "generic"
			archive.Config.Address, archive.Config.Network, archive.Config.MaxMessage = server.Addr, syslog.TCP, 2048
			c.Sinks.Syslog, c.DeadLetters.MaxBytes = []config.Syslog{archive}, room.bytes
			letters := DeadLetters(c)
			if room.copied == 0 { // an empty file takes anything
				full := filepath.Join(c.DataDir, "dead", "shortened%20archive.ndjson")
				if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o700), os.WriteFile(full, []byte("{}\n"), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			h, err := New(t.Context(), c, Options{Log: quietLog(), Once: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Run(t.Context()); err != nil {
				t.Error(err)
			}
			did := h.snapshot().Sinks["archive"]
			h.Close()
			if err := server.Events.Wait(t.Context(), 4); err != nil {
				t.Error(err)
			}
			if server.Events.Len() != 4 || did.Shortened != 2 || did.Uncopied != int64(room.uncopied) {
				t.Errorf("%d events arrived, %d shortened, of %d there is no copy", server.Events.Len(), did.Shortened, did.Uncopied)
			}
			copied := 0
			if err := letters.Each(deadletter.Shortened+"archive", func(l deadletter.Letter) error {
				if strings.Contains(string(l.Event), strings.Repeat("r", 5000)) {
					copied++
				}
				return nil
			}); err != nil || copied != room.copied {
				t.Errorf("%d copies, want %d: %v", copied, room.copied, err)
			}
			if s := ask(t, c); s.Sinks[0].Letters != 0 || s.Streams[0].Sinks[0].Total.Dead != 0 || s.Streams[0].Sinks[0].Total.Confirmed != 4 {
				t.Errorf("status: %+v, %+v", s.Sinks[0], s.Streams[0].Sinks[0])
			}
			if _, err := RetryDeadLetters(t.Context(), c, letters, deadletter.Shortened+"archive", nil, func(int) {}); !errors.Is(err, ErrUnknownSink) {
				t.Errorf("copies are sent again: %v", err)
			}
		})
	}
}
