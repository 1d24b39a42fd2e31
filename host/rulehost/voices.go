package rulehost

import (
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// saidEvery is how often it is logged of one module that events go without its tags.
	saidEvery = time.Minute
	// maxReasons is how many different reasons for refusing a module's tags are logged.
	maxReasons = 20
)

// voices has logged what goes wrong between events and modules, without a line for each batch.
type voices struct {
	log *logrus.Logger

	mu      sync.Mutex // guards the following
	silent  map[string]silence
	tags    map[string]int64           // refused, by module
	reasons map[string]map[string]bool // logged, by module
}

// silence is what wasn't logged yet of a module.
type silence struct {
	events int
	said   time.Time
}

func newVoices(log *logrus.Logger) *voices {
	return &voices{log: log, silent: map[string]silence{}, tags: map[string]int64{}, reasons: map[string]map[string]bool{}}
}

// unjudged notes that a module didn't judge events. The first of a minute are logged, with how many there were since.
func (v *voices) unjudged(module string, events int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.silent[module]
	s.events += events
	if s.said.IsZero() || time.Since(s.said) >= saidEvery {
		v.log.WithError(err).WithField("module", module).Warnf("%d events go out without this module's tags", s.events)
		s = silence{said: time.Now()}
	}
	v.silent[module] = s
}

// refused notes that tags were refused that a module gave in another's name. Each reason is logged once.
func (v *voices) refused(module string, tags int, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tags[module] += int64(tags)
	known := v.reasons[module]
	if known == nil {
		known = map[string]bool{}
		v.reasons[module] = known
	}
	if known[reason] || len(known) == maxReasons {
		return
	}
	known[reason] = true
	log := v.log.WithField("module", module)
	if len(known) == maxReasons {
		log = log.WithField("note", fmt.Sprintf("no more than %d reasons are logged", maxReasons))
	}
	log.Errorf("the module speaks for another, which is refused: %s", reason)
}

// count is how many tags of a module were refused.
func (v *voices) count(module string) int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tags[module]
}
