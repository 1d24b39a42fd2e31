package followup

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// Values are sealed JSON. Names are "q/" and the event's id, or "f/" and the time of
// a follow-up in nanoseconds of Unix time, with zeros in front so that their order is that of time.
const (
	questionPrefix = "q/"
	followUpPrefix = "f/"
)

func questionKey(id string) ledger.Key { return ledger.Key{Bucket: bucket, Name: questionPrefix + id} }

func followUpKey(at time.Time) ledger.Key {
	return ledger.Key{Bucket: bucket, Name: fmt.Sprintf("%s%019d", followUpPrefix, at.UnixNano())}
}

func seal(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write a follow-up down: %w", err)
	}
	return ledger.Seal("", text), nil
}

func unseal(value []byte, into any) error {
	text, err := ledger.Unseal("", value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// restore reads everything back.
func (b *Book) restore() error {
	var questions []*question
	damaged := 0
	for e, err := range b.o.Store.List(bucket, "") {
		if err != nil {
			return fmt.Errorf("read the follow-ups: %w", err)
		}
		q, f, err := readBack(e)
		switch {
		case err != nil:
			damaged++
		case q != nil:
			questions = append(questions, q)
		default:
			b.followUps = append(b.followUps, f)
			b.last = laterOf(b.last, f.At)
		}
	}
	slices.SortFunc(b.followUps, func(x, y *followUp) int { return x.At.Compare(y.At) })
	slices.SortStableFunc(questions, func(x, y *question) int { return x.Since.Compare(y.Since) })
	for _, q := range questions {
		b.add(q) // judged by the verdicts that it has
	}
	if damaged > 0 {
		b.o.Log.WithField("values", damaged).Warn("a part of the follow-ups is damaged: these events get none")
		b.figures.Dropped += int64(damaged)
	}
	return nil
}

// readBack reads what is a question or a follow-up.
func readBack(e ledger.Entry) (q *question, f *followUp, err error) {
	if strings.HasPrefix(e.Name, followUpPrefix) {
		f = new(followUp)
		return nil, f, unseal(e.Value, f)
	}
	q = new(question)
	if err := unseal(e.Value, q); err != nil {
		return nil, nil, err
	}
	if q.Verdicts == nil {
		q.Verdicts = map[string]string{}
	}
	q.size = len(e.Value)
	return q, nil, nil
}

// apply writes to the disk if there is one and something to write.
func (b *Book) apply(batch ledger.Batch) error {
	if b.o.Store == nil || len(batch.Put)+len(batch.Remove) == 0 {
		return nil
	}
	if _, err := b.o.Store.Commit(batch); err != nil {
		return fmt.Errorf("write follow-ups down: %w", err)
	}
	b.warned = false
	return nil
}

// complain logs an error once until something succeeds.
func (b *Book) complain(err error) {
	if err == nil || b.warned {
		return
	}
	b.warned = true
	b.o.Log.WithError(err).Warn("follow-up events are held up, or lost by a crash")
}
