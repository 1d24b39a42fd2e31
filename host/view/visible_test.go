package view

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestVisibleWriter writes a text in pieces of each size: characters are seldom whole.
func TestVisibleWriter(t *testing.T) {
	const text = "plain\nZürich 東京 \u202e👩‍🚀 \U000E0041\x1b[31m \xff\n"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		w := NewVisibleWriter(&out)
		for rest := []byte(text); len(rest) > 0; {
			piece := rest[:min(size, len(rest))]
			if n, err := w.Write(piece); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
			rest = rest[len(piece):]
		}
		if want := enrich.Visible(text); out.String() != want {
			t.Errorf("in pieces of %d bytes: %q, not %q", size, out.String(), want)
		}
	}
}

// TestVisibleLog holds that entries are escaped and colours aren't.
func TestVisibleLog(t *testing.T) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetFormatter(VisibleLog{&logrus.TextFormatter{ForceColors: true}, true})
	log.WithField("server", "\x1b[2Jx").WithError(errors.New("interrupted")).Warn("says \u202eolleh")
	if text := out.String(); strings.Count(text, "\x1b[2J") > 0 || !strings.Contains(text, `says \u202eolleh`) || !strings.Contains(text, "\x1b[33m") {
		t.Errorf("%q", text)
	}
}
