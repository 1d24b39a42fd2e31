package enrich

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"sync"
)

// storyLimit is how many matches of rows with a correlation id are remembered, which takes about 10 MB. The records of
// one action come within minutes of each other.
const storyLimit = 1 << 16

// nobody is the correlation id that means none.
const nobody = "00000000-0000-0000-0000-000000000000"

// stories recognize the records of one action: Azure AD writes the update of an application as two entries, one about the
// application and one about its service principal, and one role assignment as a start and an end, all with one
// correlation id. Each is tagged; the score of a rule that says the same of all counts once. Callers may even choose a
// correlation id, so the id alone doesn't make two records one action: a match that says something else counts. The zero
// value is ready.
type stories struct {
	mu    sync.Mutex
	first map[storyKey]string // id of the event whose score counts
	order []storyKey          // a ring of storyLimit, next is the oldest
	next  int
}

type storyKey [16]byte

// tell sets the group of the event's risk, and takes the score from matches that count with another event.
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
			if first := s.owner(storyOf(group, m), e.ID); first != e.ID {
				m.Score, m.CountedWith = 0, first
			}
		}
		score += m.Score
	}
	e.Risk.Score = min(maxScore, score)
}

// owner is the event that counts for key: the first that asked, also when it asks again because it was read again.
func (s *stories) owner(key storyKey, event string) string {
	if first, known := s.first[key]; known {
		return first
	}
	if s.first == nil {
		s.first, s.order = map[storyKey]string{}, make([]storyKey, storyLimit)
	}
	delete(s.first, s.order[s.next])
	s.first[key], s.order[s.next] = event, key
	s.next = (s.next + 1) % storyLimit
	return event
}

// storyOf stands for what a match says about an action.
func storyOf(group string, m *Match) (key storyKey) {
	var all []byte
	for _, part := range []string{group, m.ID, m.Message} {
		all = append(binary.AppendUvarint(all, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(all)
	copy(key[:], sum[:])
	return key
}
