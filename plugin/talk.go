package plugin

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"
)

// Bounds of how much a module may write into the host's log.
const (
	linesASecond = 20
	linesAtOnce  = 200
	leftOutAfter = time.Second // lines were left out, and no other has said so
)

// talk is what one module says in the host's log, over all its runs: a program that ends again and again gets no more
// lines than one that lives. A flood is thinned out, and how many lines are missing is said.
type talk struct {
	log   logrus.FieldLogger
	limit *rate.Limiter

	mu    sync.Mutex // guards the following
	left  int64      // lines left out since the last that wasn't
	all   int64      // lines left out
	timer *time.Timer
	over  bool
}

func newTalk(log logrus.FieldLogger) *talk {
	return &talk{log: log, limit: rate.NewLimiter(linesASecond, linesAtOnce)}
}

// say writes a line of the module, or leaves it out.
func (t *talk) say(level logrus.Level, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if log := t.entry(); log != nil {
		log.WithField("module_line", line).Log(level, moduleLogText)
	}
}

// warn writes a line about the module, or leaves it out.
func (t *talk) warn(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if log := t.entry(); log != nil {
		log.Warn(text)
	}
}

// entry is the log for one line, nil when it is one too many. The lock is held.
func (t *talk) entry() *logrus.Entry {
	if t.limit.Allow() {
		log := t.log.WithFields(nil)
		if t.left > 0 {
			log = log.WithField("lines_left_out", t.left)
			t.left = 0
		}
		return log
	}
	t.left++
	t.all++
	if t.timer == nil && !t.over {
		t.timer = time.AfterFunc(leftOutAfter, t.tell)
	}
	return nil
}

// tell says how many lines were left out, when no line has said so since.
func (t *talk) tell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = nil
	if t.left > 0 {
		t.log.WithField("lines_left_out", t.left).Warn("module says too much")
		t.left = 0
	}
}

// total is how many lines were left out; a nil talk left out none.
func (t *talk) total() int64 {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all
}

// close says what is left to say.
func (t *talk) close() {
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.over = true
	t.mu.Unlock()
	t.tell()
}
