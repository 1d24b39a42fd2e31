package main

import (
	"testing"
	"testing/fstest"
)

func TestCgroupMemory(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no cgroups": {nil, 0},
		"version 2, a container": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728\n",
		}, 134217728},
		"version 2, a service below a slice with less": {map[string]string{
			"proc/self/cgroup": "0::/system.slice/riskrelay.service\n",
			"sys/fs/cgroup/system.slice/riskrelay.service/memory.max": "max\n",
			"sys/fs/cgroup/system.slice/memory.max":                   "200000000\n",
		}, 200000000},
		"version 1": {map[string]string{
			"proc/self/cgroup": "9:cpu:/a\n4:memory:/a/b\n0::/\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes":   "100000000\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":       "9223372036854771712\n",
			"sys/fs/cgroup/cpu/a/memory.limit_in_bytes":        "1\n",
			"sys/fs/cgroup/unified/memory.max":                 "1\n",
			"sys/fs/cgroup/memory/a/b/c/memory.limit_in_bytes": "1\n",
		}, 100000000},
		"version 1, a container that sees the names outside": {map[string]string{
			"proc/self/cgroup": "4:memory:/docker/0123\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "67108864\n",
		}, 67108864},
		"garbage": {map[string]string{
			"proc/self/cgroup": "\n::\n0::\n0::/../..\n4:memory\n", "sys/fs/cgroup/memory.max": "-1\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "much\n",
		}, 0},
	} {
		root := fstest.MapFS{}
		for path, text := range test.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := cgroupMemory(root); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
}
