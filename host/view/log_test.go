package view

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/config"
)

// TestNewLog holds that a log in either format has its level, and holds no secret, neither in a message nor in a field.
func TestNewLog(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := NewLog(&out, config.Log{Level: "warn", Format: format}, strings.NewReplacer(`s3"cret`, "(secret)").Replace)
		log.Info("not said")
		log.WithField("url", `https://x/?t=s3"cret`).WithError(errors.New(`refused s3"cret`)).Warn(`sent s3"cret`)
		text := out.String()
		if strings.Contains(text, "cret\"") || strings.Contains(text, `s3`) || strings.Count(text, "(secret)") != 3 || strings.Contains(text, "not said") {
			t.Errorf("%s: %s", format, text)
		}
		if (text[0] == '{') != (format == "json") {
			t.Errorf("%s is written as %s", format, text)
		}
	}
}

// TestVisibleLog holds that entries are escaped and colours aren't.
func TestVisibleLog(t *testing.T) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetFormatter(visibleLog{&logrus.TextFormatter{ForceColors: true}})
	log.WithField("server", "\x1b[2Jx").WithError(errors.New("interrupted")).Warn("says \u202eolleh")
	if text := out.String(); strings.Count(text, "\x1b[2J") > 0 || !strings.Contains(text, `says \u202eolleh`) || !strings.Contains(text, "\x1b[33m") {
		t.Errorf("%q", text)
	}
}
