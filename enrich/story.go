package enrich

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

// storyLimit is how many matches of rows with a correlation id are remembered, which takes about 15 MB. The records of
// one action come within minutes of each other.
const storyLimit = 1 << 16

// nobody is the all-zero correlation id, which services write for "none".
const nobody = "00000000-0000-0000-0000-000000000000"

// stories recognize the records of one action: Azure AD writes the update of an application as two entries, one about the
// application and one about its service principal, and one role assignment as a start and an end, all with one
// correlation id. Each is tagged; the score of a rule that says the same of all counts once, at the highest that one of them
// has. Callers may even choose a correlation id, so the id alone doesn't make two records one action: a match that says
// something else counts. The zero value is ready.
type stories struct {
	mu    sync.Mutex
	told  map[storyKey][]share
	order []storyKey // a ring of storyLimit, next is the oldest
	next  int
}

type storyKey [16]byte

// share is what one event adds to the score of an action, and what it adds it to.
type share struct {
	event      string
	from, upTo int // the score that counted before it, and with it
}

// tell sets the group of the event's risk to its action, and lowers the scores of matches that count with another event of it.
func (s *stories) tell(e *Event) {
	if len(e.Risk.Rules)+len(e.Risk.Suppressed) == 0 {
		return
	}
	group := strings.ToLower(e.Text("CorrelationId"))
	if group == "" || group == nobody {
		return
	}
	e.Risk.Group = group
	s.mu.Lock()
	defer s.mu.Unlock()
	score := 0
	for i := range e.Risk.Rules {
		m := &e.Risk.Rules[i]
		if m.Message != "" { // without one nothing tells two actions apart
			m.Score, m.CountedWith = s.share(storyOf(group, m), e.ID, m.Score)
		}
		score += m.Score
	}
	e.Risk.Score = min(maxScore, score)
	e.Risk.rank() // scores have changed
}

// share returns the part of a score that doesn't count already with another event of the action, and the id of the first such
// event, "" for none. An event that is read again gets the same answer.
func (s *stories) share(key storyKey, event string, score int) (left int, first string) {
	shares, known := s.told[key]
	if !known {
		s.remember(key)
	}
	at := slices.IndexFunc(shares, func(x share) bool { return x.event == event })
	if at < 0 {
		before := 0
		if len(shares) > 0 {
			before = shares[len(shares)-1].upTo
		}
		at = len(shares)
		shares = append(shares, share{event, before, max(before, score)})
		if score > before || !known { // what adds nothing needn't be remembered
			s.told[key] = shares
		}
	}
	if at > 0 {
		first = shares[0].event
	}
	return max(0, score-shares[at].from), first
}

// remember notes one more action, and forgets the oldest when there are too many.
func (s *stories) remember(key storyKey) {
	if s.told == nil {
		s.told, s.order = map[storyKey][]share{}, make([]storyKey, storyLimit)
	}
	delete(s.told, s.order[s.next])
	s.order[s.next] = key
	s.next = (s.next + 1) % storyLimit
}

// storyOf returns a key that is equal for matches that say the same about the same action.
func storyOf(group string, m *Match) (key storyKey) {
	var all []byte
	for _, part := range []string{group, m.ID, m.Message} {
		all = append(binary.AppendUvarint(all, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(all)
	copy(key[:], sum[:])
	return key
}
