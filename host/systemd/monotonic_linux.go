package systemd

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic is the clock CLOCK_MONOTONIC, by which the service manager tells reloads apart.
func monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // there is no Linux without this clock
	}
	return time.Duration(t.Nano())
}
