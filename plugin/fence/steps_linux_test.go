package fence

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestStepsOfOtherKernels lists what is off with kernels that lack something.
func TestStepsOfOtherKernels(t *testing.T) {
	network := Options{Network: true}
	no := errors.New("no")
	tests := []struct {
		name  string
		order order
		off   []string
	}{
		{"newest", order{abi: 10}, nil},
		{"newest, network", order{abi: 10, Options: network}, nil},
		{"Linux 6.12, network", order{abi: 6, Options: network}, []string{"sockets"}},
		{"Linux 5.15", order{abi: 1}, nil},
		{"Linux 5.15, network", order{abi: 1, Options: network}, []string{"network", "sockets"}},
		{"without Landlock", order{noLandlock: no}, []string{"files"}},
		{"without Landlock, network", order{noLandlock: no, Options: network}, []string{"files", "network", "sockets"}},
		{"without seccomp", order{abi: 10, noFilter: no}, []string{"calls", "network", "sockets"}},
		{"where limits can't be set", order{abi: 10, noLimits: no}, []string{"limits"}},
		{"without both", order{noLandlock: no, noFilter: no}, []string{"files", "calls", "signals", "network", "sockets"}},
		{"a path that isn't there", order{abi: 10, unread: []error{no}}, []string{"read"}},
	}
	for _, tt := range tests {
		var off []string
		for _, s := range tt.order.steps() {
			if s.Says == "" {
				t.Errorf("%s: %s says nothing", tt.name, s.Name)
			}
			if !s.On {
				off = append(off, s.Name)
			}
		}
		if !slices.Equal(off, tt.off) {
			t.Errorf("%s: %v are off, want %v", tt.name, off, tt.off)
		}
	}
}

func TestThreadsOf(t *testing.T) {
	const status = "Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t17\n"
	for uid, want := range map[int]int{1000: 17, 0: 0, 100: 0} {
		if got := threadsOf(status, uid); got != want {
			t.Errorf("threads of %d: %d, want %d", uid, got, want)
		}
	}
	if got := threadsOf("garbage\nUid:\nThreads: many\n", 0); got != 0 {
		t.Errorf("threads of garbage: %d", got)
	}
	if tasks(os.Getuid()) == 0 {
		t.Error("this process has no thread")
	}
}

func TestLimitsAreTold(t *testing.T) {
	for want, l := range map[string]Limits{
		"64 descriptors, 1024 threads, no process of its own":                            {},
		"3072 MiB of address space, 5 descriptors, 1024 threads, 3 processes of its own": {Memory: 3 << 30, Descriptors: 5, Processes: 3},
		"any address space": {Memory: -1},
	} {
		if got := l.withDefaults().String(); !strings.Contains(got, want) {
			t.Errorf("%+v: %s, want %s", l, got, want)
		}
	}
}

func TestRunSaysWhatItIsFor(t *testing.T) {
	if err := Run("--help"); err == nil || !strings.Contains(err.Error(), "riskrelay's own") {
		t.Errorf("Run = %v", err)
	}
}
