package celrule_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// TestLanguage pins the language: nothing comes or goes without somebody looking at this list.
func TestLanguage(t *testing.T) {
	entries, err := celrule.Language()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		if e.Doc == "" && !strings.HasPrefix(e.Signature, "CEL ") {
			t.Errorf("%s has no documentation", e.Signature)
		}
		line := e.Signature
		if e.Doc != "" {
			line += "  // " + e.Doc
		}
		if e.Tables != nil {
			line += " (" + strings.Join(e.Tables, ", ") + ")"
		}
		fmt.Fprintln(&b, line)
	}
	golden(t, "language.txt", b.String())
}
