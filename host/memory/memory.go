// Package memory keeps a process within the memory that it is given, and small where that costs little.
package memory

import (
	"context"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// heapShare is the part of a cgroup's memory, in percent, that Go may take before it collects garbage more often: the rest is
// for the program itself and for the ledger's file, which Go doesn't count.
const heapShare = 70

const (
	// room is what the process may take beside what it takes when it is loaded, in bytes: rows under way and what sinks make of
	// them.
	room = 14 << 20
	// dear is the part of the processor time in use at which collecting garbage is too dear, in percent, and then room is made.
	dear = 25
	// look is how often that is looked at.
	look = 10 * time.Second
)

// Limit keeps the process within the memory of its cgroup, as Go knows nothing of it: the kernel would end the process. It
// returns how many bytes Go may take, and false for no limit at all, where GOMEMLIMIT says what to do
// (https://pkg.go.dev/runtime#hdr-Environment_Variables).
func Limit() (most int64, ok bool) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return 0, false
	}
	most = heapOf(memlimit.FromCgroup())
	debug.SetMemoryLimit(most)
	return most, true
}

// heapOf is how many bytes Go may take of the limit of a cgroup; err says that there is none, or none that can be found out.
func heapOf(limit uint64, err error) int64 {
	if err != nil || limit == 0 || limit > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(limit) / 100 * heapShare
}

// KeepSmall keeps the process, which has loaded everything, small until ctx ends, as long as that costs little, and in any case
// within most bytes. Without it the heap grows to twice what is in use.
func KeepSmall(ctx context.Context, most int64) {
	runtime.GC()
	debug.FreeOSMemory() // what loading has left
	before := readCosts()
	limit := min(most, before.taken+room)
	debug.SetMemoryLimit(limit)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := readCosts()
		if used := now.used - before.used; limit < most && (now.collecting-before.collecting)*100 > dear*used {
			limit = min(most, limit+limit/4)
			debug.SetMemoryLimit(limit)
		}
		before = now
	}
}

// costs are what the runtime has cost so far.
type costs struct {
	taken      int64   // bytes of memory that Go holds
	collecting float64 // seconds of processor time
	used       float64 // all that wasn't idle, in seconds
}

// readCosts asks the runtime. The names are those of https://pkg.go.dev/runtime/metrics.
func readCosts() costs {
	list := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/cpu/classes/idle:cpu-seconds"},
	}
	metrics.Read(list)
	return costs{
		taken:      int64(list[0].Value.Uint64() - list[1].Value.Uint64()),
		collecting: list[2].Value.Float64(),
		used:       list[3].Value.Float64() - list[4].Value.Float64(),
	}
}
