package loganalytics

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// mark is how far a window was read: to the row with the item id at the time of ingestion.
//
// Rows leave before their reply has ended, and a reply that ends with a PartialError may lack any row, not only the
// last ones. So a mark holds how many rows were delivered up to it, and where the counting began. Who reads on from
// a mark asks the service to count the rows in between, which costs little, and begins anew if there are more.
// Rows of one ingestion time, of which there may be thousands, are told apart by their id: the reading starts with
// the mark's time once more and skips the rows up to the mark's id, which must be as many as the mark says.
type mark struct {
	from        time.Time // where the counting began; the zero mark is a window's beginning
	slot, slots int
	before      int       // rows ingested from then on and before at
	at          time.Time // the last row's ingestion time
	within      int       // rows ingested exactly then, up to item
	item        string    // the last row's _ItemId
}

// markVersion begins every mark, so that a later format can tell them.
const markVersion = "1"

func (m mark) encode() pipeline.Mark {
	return pipeline.Mark(strings.Join([]string{
		markVersion, m.from.UTC().Format(ticks), strconv.Itoa(m.slot), strconv.Itoa(m.slots), strconv.Itoa(m.before),
		m.at.UTC().Format(ticks), strconv.Itoa(m.within), m.item, // last, as it may hold anything
	}, "|"))
}

// parseMark is the inverse of encode. The empty mark is the zero mark.
func parseMark(text pipeline.Mark) (m mark, err error) {
	if text == "" {
		return mark{}, nil
	}
	parts := strings.SplitN(string(text), "|", 8)
	if len(parts) != 8 || parts[0] != markVersion {
		return mark{}, fmt.Errorf("mark %q is of another version", text)
	}
	var errs [6]error
	m.from, errs[0] = time.Parse(ticks, parts[1])
	m.slot, errs[1] = strconv.Atoi(parts[2])
	m.slots, errs[2] = strconv.Atoi(parts[3])
	m.before, errs[3] = strconv.Atoi(parts[4])
	m.at, errs[4] = time.Parse(ticks, parts[5])
	m.within, errs[5] = strconv.Atoi(parts[6])
	m.item = parts[7]
	if err := errors.Join(errs[:]...); err != nil {
		return mark{}, fmt.Errorf("mark %q is damaged: %w", text, err)
	}
	return m, nil
}

// fits reports whether m says anything about w: it lies behind w's beginning and counts the same rows.
func (m mark) fits(w pipeline.Window) bool {
	return !m.at.IsZero() && m.slot == w.Slot && m.slots == w.Slots && !m.at.Before(w.From) && !m.from.After(w.From)
}

// counted is the window whose rows m.before counts.
func (m mark) counted(stream string) pipeline.Window {
	return pipeline.Window{Stream: stream, From: m.from, To: m.at, Slot: m.slot, Slots: m.slots}
}

// advance moves m over a row and reports whether the row comes behind m, as the order of the query demands.
func (m *mark) advance(at time.Time, item string) bool {
	switch {
	case at.Before(m.at), at.Equal(m.at) && item <= m.item:
		return false
	case at.After(m.at):
		m.before, m.within, m.at = m.before+m.within, 0, at
	}
	m.within++
	m.item = item
	return true
}
