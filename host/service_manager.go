package host

import (
	"context"
	"time"
)

// statusEvery is how often the service manager is told how the host does, where no watchdog asks more often.
const statusEvery = 30 * time.Second

// notify tells the service manager that the host runs, and how it does until ctx ends. The watchdog is fed only while nothing is
// stuck: a sink or a workspace that fails is no reason for a restart, which would not help. Ending is closed when the host is
// told to end.
func (h *Host) notify(ctx context.Context, ending <-chan struct{}) {
	if !h.service.On() {
		return
	}
	h.tell(h.service.Ready)
	every := statusEvery
	if w := h.service.Watchdog(); w > 0 {
		every = max(min(every, w/2), time.Millisecond)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		h.tellStatus()
		select {
		case <-ticker.C:
		case <-ending:
			h.tell(h.service.Stopping)
			ending = nil // what was read is sent now, under the watchdog's eye
		case <-ctx.Done():
			return
		}
	}
}

// Reloading tells the service manager that a reload begins, and the function that it returns that it ended, well or not:
// `systemctl reload` waits for both.
func (h *Host) Reloading() (ended func()) {
	h.tell(h.service.Reloading)
	return func() { h.tell(h.service.Ready) }
}

// tellStatus feeds the watchdog, unless something is stuck, and says in a line how the host does.
func (h *Host) tellStatus() {
	s := h.snapshot()
	if h.service.Watchdog() > 0 && !s.Stuck() {
		h.tell(h.service.Feed)
	}
	text := "ready"
	if problems := s.Problems(); len(problems) > 0 {
		text = problems[0].Text
	}
	h.tell(func() error { return h.service.Status(text) })
}

func (h *Host) tell(what func() error) {
	if err := what(); err != nil {
		h.log.WithError(err).Debug("the service manager doesn't listen")
	}
}
