package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

const changelog = `# Changelog

## [Unreleased]

* soon

## [1.3.0]

* without a day

## [1.2.3] - 2026-12-01

### Before you upgrade

* nothing

### Fixed

* it

## 1.2.2 - 2026-11-01

* in its beginning

## [1.2.1] - 2026-10-01
`

func TestNotes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "CHANGELOG.md")
	put(t, file, changelog)
	for version, test := range map[string]struct{ notes, refusal string }{
		"1.2.3":        {"### Before you upgrade\n\n* nothing\n\n### Fixed\n\n* it\n", ""},
		"1.2.2":        {"* in its beginning\n", ""},
		"1.2.1":        {"", "says nothing of 1.2.1"},
		"1.3.0":        {"", "doesn't say when 1.3.0 was released"},
		"1.2":          {"", "says nothing of 1.2: "},
		"1.2.3+5.gabc": {"", "it has Unreleased, 1.3.0, 1.2.3, 1.2.2, 1.2.1"},
	} {
		var out bytes.Buffer
		err := run([]string{"notes", file, version}, nil, &out)
		if out.String() != test.notes {
			t.Errorf("%s: %q", version, &out)
		}
		if (err == nil) != (test.refusal == "") || err != nil && (code(err) != exitConfig || !strings.Contains(err.Error(), test.refusal)) {
			t.Errorf("%s: %v", version, err)
		}
	}
}
