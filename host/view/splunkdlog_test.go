package view_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/view"
)

// TestSplunkdLog holds that splunkd finds the level at the beginning of each line, and Splunk the keys and values behind it.
func TestSplunkdLog(t *testing.T) {
	var out strings.Builder
	log := view.NewSplunkdLog(&out, "debug", func(text string) string { return strings.ReplaceAll(text, "fake-secret", "***") })
	log.Debug("a")
	log.WithFields(logrus.Fields{"b": 2, "a": "x y", "empty": "", "path": "/x", "quote": `say "x"`}).Info("fields")
	log.WithError(errors.New("one\ntwo fake-secret")).Warn("a cause")
	log.Error("others may change\n  this:  \nthat fake-secret\n")
	want := `DEBUG a
INFO fields a="x y" b=2 empty="" path=/x quote="say \"x\""
WARN a cause error="one\ntwo ***"
ERROR others may change
ERROR   this:
ERROR that ***
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
	out.Reset()
	if log = view.NewSplunkdLog(&out, "error", strings.Clone); log.Level != logrus.ErrorLevel {
		t.Error(log.Level)
	}
	if log = view.NewSplunkdLog(&out, "", strings.Clone); log.Level != logrus.InfoLevel {
		t.Error(log.Level)
	}
}
