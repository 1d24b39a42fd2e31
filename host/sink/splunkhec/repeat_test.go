package splunkhec_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
)

// TestCheckOfOneThatRepeats holds that a token which a proxy repeats, percent-encoded, is taken out before the text is cut in its midst.
func TestCheckOfOneThatRepeats(t *testing.T) {
	const token = "fake-token-with-a-length"
	encoded := ""
	for _, c := range []byte(token) {
		encoded += fmt.Sprintf("%%%02x", c)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"code": 6, "text": "%s %s"}`, strings.Repeat("x", 150), encoded) // 200 bytes are shown
	}))
	defer server.Close()
	c := splunkhec.Defaults()
	c.URL, c.TokenFile, c.Secrets = server.URL, filepath.Join(t.TempDir(), "token"), secret.NewKeeper()
	if err := os.WriteFile(c.TokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	report := splunkhec.Check(t.Context(), c, nil)
	for _, step := range []string{"collector", "token"} {
		if !strings.Contains(lines(report), step+": ") || strings.Count(lines(report), secret.Mask) != 2 {
			t.Errorf("%s:\n%s", step, lines(report))
		}
	}
	for at := 0; at+12 <= len(encoded); at += 3 {
		if strings.Contains(lines(report), encoded[at:at+12]) {
			t.Fatalf("%s of the token gets through:\n%s", encoded[at:at+12], lines(report))
		}
	}
}
