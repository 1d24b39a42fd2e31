package rulefile

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// EngineVersion is the version of the rule language, which `metadata.requires.engine` of a pack is compared with. The
// minor number grows when a key or a function is added, the major one when an old file could mean something else.
const EngineVersion = "1.0.0"

// Constraint is a condition on semantic versions: comparisons with spaces between, all of which must hold, such as
// ">=1.4 <2". A version without an operator must be equal; parts that are left out are 0. The zero value holds always.
type Constraint struct {
	diag.Text
	comparisons []comparison
}

type comparison struct {
	operator string
	version  string
}

var comparisonForm = regexp.MustCompile(`^(>=|<=|>|<|=)?((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){0,2}(?:-[0-9A-Za-z.-]+)?)$`)

// Holds reports whether version, a semantic version, meets all comparisons.
func (c Constraint) Holds(version string) bool {
	for _, want := range c.comparisons {
		order, ok := compareVersions(version, want.version), false
		switch want.operator {
		case ">=":
			ok = order >= 0
		case "<=":
			ok = order <= 0
		case ">":
			ok = order > 0
		case "<":
			ok = order < 0
		default:
			ok = order == 0
		}
		if !ok {
			return false
		}
	}
	return true
}

func (d *decoder) constraint(n *node) (c Constraint) {
	if n.kind == number { // 1.4 without quotes
		c.Text = n.text
	} else {
		c.Text = d.text(n, notBlank)
	}
	if !c.Present() {
		return c
	}
	c.Path = d.path
	for _, word := range strings.Fields(c.Value) {
		m := comparisonForm.FindStringSubmatch(word)
		if m == nil {
			d.problems = append(d.problems, c.Problem(CodeValue, 0, 0, fmt.Sprintf("`%s` is not a condition on versions: want such as \">=1.4 <2\"", word)))
			return c
		}
		c.comparisons = append(c.comparisons, comparison{m[1], m[2]})
	}
	return c
}

// compareVersions orders semantic versions: https://semver.org/#spec-item-11
func compareVersions(a, b string) int {
	coreA, preA := splitVersion(a)
	coreB, preB := splitVersion(b)
	if order := slices.Compare(coreA, coreB); order != 0 {
		return order
	}
	switch {
	case preA == preB:
		return 0
	case preA == "":
		return 1
	case preB == "":
		return -1
	}
	return slices.CompareFunc(strings.Split(preA, "."), strings.Split(preB, "."), comparePrerelease)
}

// splitVersion returns the three numbers and the part behind the hyphen; what follows a plus doesn't count.
func splitVersion(v string) (core []int, pre string) {
	v, _, _ = strings.Cut(v, "+")
	v, pre, _ = strings.Cut(v, "-")
	core = make([]int, 3)
	for i, part := range strings.SplitN(v, ".", 3) {
		core[i], _ = strconv.Atoi(part) // the form was checked; a number out of range is the largest there is
	}
	return core, pre
}

func comparePrerelease(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}
