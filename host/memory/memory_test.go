package memory

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestHeapOf(t *testing.T) {
	for name, test := range map[string]struct {
		limit uint64
		err   error
		want  int64
	}{
		"a container":                {limit: 134_217_700, want: 93_952_390},
		"no limit":                   {err: memlimit.ErrNoLimit, want: math.MaxInt64},
		"no cgroup":                  {err: memlimit.ErrNoCgroup, want: math.MaxInt64},
		"a limit of 0":               {want: math.MaxInt64},
		"none, in version 1's words": {limit: math.MaxUint64, want: math.MaxInt64},
	} {
		if got := heapOf(test.limit, test.err); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
}

// TestMemoryOfTheEnvironment leaves the limit alone that GOMEMLIMIT has set, and sets one otherwise.
func TestMemoryOfTheEnvironment(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	t.Setenv("GOMEMLIMIT", "64MiB")
	debug.SetMemoryLimit(64 << 20)
	if _, ok := Limit(); ok || debug.SetMemoryLimit(-1) != 64<<20 {
		t.Errorf("limited: %t, to %d", ok, debug.SetMemoryLimit(-1))
	}
	t.Setenv("GOMEMLIMIT", "")
	if most, ok := Limit(); !ok || debug.SetMemoryLimit(-1) != most {
		t.Errorf("limited: %t, to %d, not %d", ok, debug.SetMemoryLimit(-1), most)
	}
}
