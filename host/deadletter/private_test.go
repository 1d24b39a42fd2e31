package deadletter

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestLettersArePrivate checks the modes of all that a store makes: letters are whole events.
func TestLettersArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "dead")
	s := New(dir, 1<<30)
	refuse(t, s, "siem", "first", some(3)...)
	check := func(when string) {
		t.Helper()
		seen := 0
		err := filepath.WalkDir(filepath.Dir(dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: others may use %s: %v", when, path, info.Mode())
			}
			seen++
			return err
		})
		if err != nil || seen < 3 {
			t.Errorf("%s: %d files, %v", when, seen, err)
		}
	}
	check("kept")
	_, err := s.Retry(t.Context(), "siem", nil, func(context.Context, []enrich.Event) error {
		check("during a retry")
		return &pipeline.PartialError{Rejected: []pipeline.Rejection{{Index: 0, Reason: "second"}}}
	})
	if err != nil {
		t.Fatal(err)
	}
	check("after a retry")
}

// TestReasonsAreBounded has a receiver say more of an event than the event is long.
func TestReasonsAreBounded(t *testing.T) {
	s := New(t.TempDir(), 1<<30)
	long := strings.Repeat("ß", 1<<20)
	refuse(t, s, "siem", long, some(1)...)
	again := func(context.Context, []enrich.Event) error {
		return &pipeline.PartialError{Rejected: []pipeline.Rejection{{Index: 0, Reason: "again " + long}}}
	}
	for _, want := range []string{"ß", "again ß"} {
		all := listed(t, s, "siem")
		if reason := all[0].Reason; len(reason) > maxReason+3 || len(reason) < maxReason-3 || !utf8.ValidString(reason) || !strings.HasPrefix(reason, want) {
			t.Errorf("%d bytes are kept of %d: %.20s", len(reason), len(long), reason)
		}
		if _, err := s.Retry(t.Context(), "siem", nil, again); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(s.path("siem")); err != nil || info.Size() > 2*maxReason {
		t.Errorf("the file has %d bytes, %v", info.Size(), err)
	}
}
