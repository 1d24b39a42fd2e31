//go:build failpoints

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// left counts down to the death of this process. It belongs to the process, as the point does.
var left atomic.Int64

// Hit kills the process, as kill -9 does, when it is here as often as Variable says.
func Hit(p Point) {
	times, point, ok := strings.Cut(os.Getenv(Variable), " ")
	if !ok || Point(point) != p {
		return
	}
	n, err := strconv.ParseInt(times, 10, 64)
	if err != nil || left.Add(1) != n {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing more happens, should the signal take a moment
}
