package splunkhec

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// TestTokenIsGoodAgain checks that events flow, after one question, once a refused token is taken again, wherever it was mended.
func TestTokenIsGoodAgain(t *testing.T) {
	const good, bad = "fake-token-good", "fake-token-evil" // of one length
	for _, mended := range []string{"file", "collector"} {
		server, err := hectest.Start(hectest.Config{Token: good})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		c := Defaults()
		c.URL, c.TokenFile = server.URL, filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(c.TokenFile, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Send(t.Context(), sinktest.Events(3)); err == nil {
			t.Fatal("a bad token is taken")
		}
		if mended == "collector" {
			server.SetToken(bad)
		} else if err := os.WriteFile(c.TokenFile, []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(t.Context(), sinktest.Events(3)); err == nil || server.Posts() != 1 {
			t.Errorf("%s: before the time: %v, %d requests", mended, err, server.Posts())
		}
		s.gate.next = time.Time{} // the time has come
		if receipt, err := s.Send(t.Context(), sinktest.Events(3)); err != nil || receipt.Events != 3 || server.Posts() != 3 {
			t.Errorf("%s: %+v, %v, %d requests, want 3", mended, receipt, err, server.Posts())
		}
	}
}
