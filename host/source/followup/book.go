package followup

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ledger"
)

// Names knows what DNS says of hosts.
type Names interface {
	// Verdict is what is known of a host, and whether asking again soon gives nothing new. It waits for nobody.
	Verdict(host string) (verdict string, final bool)
	// Ask has a host looked up unless that was done a moment ago. It reports whether there was room for it.
	Ask(host string) bool
	// Busy reports whether some host is waiting for its answer.
	Busy() bool
}

// Judge returns the tags that events get now from rules that depend on verdicts, one list an event.
type Judge func(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error)

// Options say what a Book works with.
type Options struct {
	Store ledger.Store // nil forgets everything with the process
	Names Names
	Judge Judge
	Log   logrus.FieldLogger
	// Progress is how far the sinks are in the stream: everything before planned is in some window, and everything before
	// confirmed was confirmed by all of them. Nil means that nobody knows.
	Progress func() (planned, confirmed time.Time, err error)
}

const (
	bucket = "followups" // of the store

	maxQuestions = 10_000
	maxBytes     = 32 << 20 // of the rows of all questions
	questionLife = 24 * time.Hour

	maxFollowUps = 10_000
	followUpLife = 48 * time.Hour

	// round is how often hosts without an answer are asked for again, and what is too old is looked for.
	round = 30 * time.Second
)

// Figures count what a Book did.
type Figures struct {
	Kept      int64 // events that were kept
	Made      int64 // follow-ups
	Expired   int64 // questions given up after 24 hours, follow-ups given up after 48
	Dropped   int64 // questions and follow-ups that made place for newer ones, or couldn't be read again
	Questions int   // that wait now
	FollowUps int   // that some sink may need
}

// Book keeps questions and follow-ups. Its methods may be called at the same time.
type Book struct {
	o      Options
	parser *enrich.ObjectParser // for judging, which only Run does
	wake   chan struct{}        // has room for one: there is something to judge

	mu        sync.Mutex
	questions map[string]*question // by the event's id
	order     []*question          // oldest first, with some that are gone
	byHost    map[string]map[string]bool
	bytes     int
	judging   map[string]bool // ids of questions of which a verdict came
	followUps []*followUp     // oldest first
	last      time.Time       // no follow-up may be as old
	figures   Figures
	ended     time.Time // when all other streams had ended; zero while one hasn't
	begun     bool      // hosts without an answer have been asked for
	warned    bool
}

// Open reads back what the store holds. What is damaged is logged and left out.
func Open(o Options) (*Book, error) {
	b := &Book{
		o: o, parser: enrich.NewObjectParser(schema.TypeOf), wake: make(chan struct{}, 1),
		questions: map[string]*question{}, byHost: map[string]map[string]bool{}, judging: map[string]bool{},
	}
	if o.Store == nil {
		return b, nil
	}
	if err := b.restore(); err != nil {
		return nil, err
	}
	if o.Progress != nil {
		planned, _, err := o.Progress()
		if err != nil {
			return nil, fmt.Errorf("read how far the follow-ups are: %w", err)
		}
		b.last = laterOf(b.last, planned)
	}
	return b, nil
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Keep keeps questions until their hosts are known. It writes them to the disk and waits for nothing else. A disk that
// fails is logged: what it should hold is then forgotten by a crash.
func (b *Book) Keep(_ context.Context, questions []Question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch := ledger.Batch{Put: map[ledger.Key][]byte{}}
	now := time.Now().UTC()
	for i := range questions {
		if b.questions[questions[i].Event.ID] != nil {
			continue // read again
		}
		q := newQuestion(&questions[i], now)
		value, err := seal(q)
		if err != nil || len(value) > maxBytes/8 {
			b.figures.Dropped++
			continue
		}
		q.size = len(value)
		batch.Put[questionKey(q.ID)] = value
		b.figures.Kept++
		b.add(q)
		for _, host := range q.Hosts {
			if verdict, final := b.o.Names.Verdict(host); final { // answered since the event was looked at
				b.hear(q, host, verdict)
			}
		}
	}
	for len(b.questions) > maxQuestions || b.bytes > maxBytes {
		oldest := b.oldest()
		delete(batch.Put, questionKey(oldest.ID))
		batch.Remove = append(batch.Remove, questionKey(oldest.ID))
		b.drop(oldest)
		b.figures.Dropped++
	}
	b.complain(b.apply(batch))
}

// add puts a question into the maps.
func (b *Book) add(q *question) {
	b.questions[q.ID] = q
	b.order = append(b.order, q)
	b.bytes += q.size
	for _, host := range q.Hosts {
		if b.byHost[host] == nil {
			b.byHost[host] = map[string]bool{}
		}
		b.byHost[host][q.ID] = true
	}
}

// drop takes a question out of the maps.
func (b *Book) drop(q *question) {
	delete(b.questions, q.ID)
	delete(b.judging, q.ID)
	b.bytes -= q.size
	for _, host := range q.Hosts {
		if delete(b.byHost[host], q.ID); len(b.byHost[host]) == 0 {
			delete(b.byHost, host)
		}
	}
	if len(b.order) > 2*len(b.questions)+maxQuestions/10 {
		b.order = slices.DeleteFunc(b.order, b.gone)
	}
}

func (b *Book) gone(q *question) bool { return b.questions[q.ID] != q }

// oldest is the oldest question; there must be one.
func (b *Book) oldest() *question {
	for b.gone(b.order[0]) {
		b.order = b.order[1:]
	}
	return b.order[0]
}

// Answered says that a host was looked up.
func (b *Book) Answered(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	verdict, final := b.o.Names.Verdict(host)
	if !final {
		return
	}
	for id := range b.byHost[host] {
		b.hear(b.questions[id], host, verdict)
	}
}

// hear notes what DNS says of a host of q.
func (b *Book) hear(q *question, host, verdict string) {
	q.Verdicts[host] = verdict
	b.judging[q.ID] = true
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Figures is a copy of the counts.
func (b *Book) Figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.figures
	f.Questions, f.FollowUps = len(b.questions), len(b.followUps)
	return f
}
