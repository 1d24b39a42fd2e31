package host

import (
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/deadletter"
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

// copies keeps the whole of what a sink takes shortened. The events are delivered: where there is no room for a copy, that is
// counted and said, and the sink goes on.
type copies struct {
	sink    string
	letters *deadletter.Store
	health  *pipeline.Health
	log     logrus.FieldLogger

	mu   sync.Mutex
	said string // what was logged last
}

func (c *copies) keep(events []enrich.Event, at []int) {
	err := c.letters.Copy(c.sink, events, at)
	c.health.Shortened(len(at), err == nil)
	if err != nil {
		c.say("events are too long for the sink and go out shortened, and there is no room for whole copies", err)
		return
	}
	c.say("events are too long for the sink and go out shortened: `riskrelay deadletter list` names the file with whole copies", nil)
}

// say logs what differs from what was logged last.
func (c *copies) say(text string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == text {
		return
	}
	c.said = text
	if err != nil {
		c.log.WithError(err).Error(text)
		return
	}
	c.log.Warn(text)
}
