package main

import (
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// heapShare is the part of a cgroup's memory, in percent, that Go may take before it collects garbage more often: the rest is
// for the program itself and for the ledger's file, which Go doesn't count.
const heapShare = 70

// limitMemory keeps the process within the memory of its cgroup, as Go knows nothing of it: a reply of a hundred megabytes
// would otherwise let the heap grow to twice what is in use, and the kernel would end the process. GOMEMLIMIT comes first
// (https://pkg.go.dev/runtime#hdr-Environment_Variables).
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		if limit := cgroupMemory(os.DirFS("/")); limit > 0 {
			debug.SetMemoryLimit(limit / 100 * heapShare)
		}
	}
}

// cgroupMemory is the smallest limit, in bytes, that the cgroup of this process or one above it sets; 0 is none. A container
// often sees its own cgroup as the root.
// https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
func cgroupMemory(root fs.FS) (least int64) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(groups)) {
		number, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		mount, file := "sys/fs/cgroup", "memory.max"
		switch {
		case number == "0" && controllers == "": // version 2
		case controllers == "memory":
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for at := path.Join("/", group); ; at = path.Dir(at) {
			if limit := readLimit(root, path.Join(mount, at, file)); limit > 0 && (least == 0 || limit < least) {
				least = limit
			}
			if at == "/" {
				break
			}
		}
	}
	return least
}

// noLimit is what version 1 says, or a bit less, where there is none.
const noLimit = 1 << 62

// readLimit is the limit in a file, 0 where there is none.
func readLimit(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit <= 0 || limit >= noLimit { // "max"
		return 0
	}
	return limit
}
