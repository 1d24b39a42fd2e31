package rulefile

import (
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

func constraintOf(text string) (Constraint, diag.Problems) {
	var c Constraint
	problems := read("x.yaml", []byte("c: \""+text+"\""), func(d *decoder, n *node) { c = d.constraint(n.child("c")) })
	return c, problems
}

func TestConstraint(t *testing.T) {
	for _, c := range []struct {
		constraint, version string
		holds               bool
	}{
		{">=1.4 <2", "1.4.0", true},
		{">=1.4 <2", "2.0.0", false},
		{">=1.4 <2", "1.10.0", true},
		{">=1.4 <2", "1.3.9", false},
		{"1.4", "1.4.0", true},
		{"=1.4", "1.4.1", false},
		{">1", "1.0.0", false},
		{"<=1", "1.0.0+build", true},
		{">=1.0.0", "1.0.0-rc.1", false},
		{">=1.0.0-rc.2", "1.0.0-rc.10", true},
		{">=1.0.0-rc.2", "1.0.0-rc.beta", true},
		{">=1.0.0-rc.2", "1.0.0-1", false},
		{"<1.0.0-rc.2", "1.0.0-rc", true},
		{">=99999999999999999999", "1.0.0", false},
	} {
		got, problems := constraintOf(c.constraint)
		if len(problems) > 0 {
			t.Errorf("%q: %v", c.constraint, problems)
		} else if got.Holds(c.version) != c.holds {
			t.Errorf("%q holds for %s: %v", c.constraint, c.version, !c.holds)
		}
	}
	for _, wrong := range []string{"latest", ">= 1", "^1.2", "1.x", "1.2.3.4", "~1", ">=01", " "} {
		if _, problems := constraintOf(wrong); !problems.HasErrors() {
			t.Errorf("%q was accepted", wrong)
		}
	}
	if !(Constraint{}).Holds("0.0.1") {
		t.Error("no constraint holds always")
	}
}

func FuzzConstraint(f *testing.F) {
	f.Add(">=1.4 <2 1.0.0-rc.1", "1.0.0-alpha.1+x")
	f.Fuzz(func(t *testing.T, text, version string) {
		if strings.ContainsAny(text, "\"\\\n\r") {
			return
		}
		c, problems := constraintOf(text)
		if !problems.HasErrors() && len(c.comparisons) == 0 {
			t.Fatalf("%q is good and asks nothing", text)
		}
		c.Holds(version)
		if compareVersions(version, version) != 0 {
			t.Fatalf("%q differs from itself", version)
		}
	})
}
