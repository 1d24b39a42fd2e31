package main

import (
	"os"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/ownership"
)

// TestWarnPermissions holds that somebody else's folder is one warning, not one for each file, and that the number of
// warnings is bounded.
func TestWarnPermissions(t *testing.T) {
	problem := func(path, what string) ownership.Problem {
		return ownership.Problem{Path: path, What: what, Owner: "root", Group: "root"}
	}
	var b strings.Builder
	warnPermissions(&b, ownership.Problems{problem("/a", "ann"), problem("/a/b", "ann"), problem("/a/c", "bob"), problem("/ab", "ann")})
	if got := b.String(); strings.Count(got, "\n") != 3 || strings.Contains(got, "/a/b ") || !strings.Contains(got, "/a/c ") || !strings.Contains(got, "/ab ") {
		t.Errorf("got\n%s", got)
	}
	b.Reset()
	warnPermissions(&b, ownership.Problems{{Path: "/a", Owner: "riskrelay", Group: "riskrelay"}})
	if got := b.String(); strings.Contains(got, forRootHint) != (os.Geteuid() == 0) {
		t.Errorf("for user %d: got\n%s", os.Geteuid(), got)
	}
	b.Reset()
	var many ownership.Problems
	for i := range maxShownPermissions + 2 {
		many = append(many, problem("/"+strings.Repeat("x", i+1), "ann"))
	}
	warnPermissions(&b, many)
	if got := b.String(); strings.Count(got, "\n") != maxShownPermissions+1 || !strings.HasSuffix(got, "warning: 2 files more can be changed by others\n") {
		t.Errorf("got\n%s", got)
	}
}
