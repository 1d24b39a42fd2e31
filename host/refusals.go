package host

import (
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// refusals keeps what a sink refuses for good and says so in the log: at once, and then at most once in refusalsEvery.
type refusals struct {
	sink string
	to   func(events []enrich.Event, rejected []pipeline.Rejection) error
	log  logrus.FieldLogger

	mu    sync.Mutex
	said  time.Time
	count int // since then
}

const refusalsEvery = time.Minute

func (r *refusals) keep(events []enrich.Event, rejected []pipeline.Rejection) error {
	if err := r.to(events, rejected); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count += len(rejected)
	if time.Since(r.said) < refusalsEvery {
		return nil
	}
	r.log.WithField("events", r.count).Error(fmt.Sprintf(
		"events are refused for good and go to the dead letters: see why with `riskrelay deadletter list %q`", r.sink))
	r.said, r.count = time.Now(), 0
	return nil
}
