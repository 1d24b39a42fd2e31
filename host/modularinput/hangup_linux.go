package modularinput

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// hangupLook is how often, in milliseconds, it is looked whether there is still a reason to wait for a hang-up.
const hangupLook = 1000

// watchOutput ends the program when nobody is left who could read its output: splunkd does so as long as it lives, also when it
// has closed the input. https://man7.org/linux/man-pages/man2/poll.2.html, on POLLERR
func (p *Parent) watchOutput(ctx context.Context, out *os.File) {
	for ctx.Err() == nil {
		fds := []unix.PollFd{{Fd: int32(out.Fd())}} // no events are asked for: POLLERR comes unasked
		if _, err := unix.Poll(fds, hangupLook); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		if fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
			p.end("nobody reads standard output any more, so splunkd is gone")
		}
		if fds[0].Revents != 0 { // also where it isn't open at all
			return
		}
	}
}
