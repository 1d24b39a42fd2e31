package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// ProofLife is how far behind a stream's frontier its proof is kept: a week, and the day in which it is asked for.
const ProofLife = 8 * 24 * time.Hour

// proofBucket is the bucket of the proof. A name is a stream's, a zero byte and the hour.
const proofBucket = "proof"

// minutesOf are the tallies of one hour by sink. It lies in the store as sealed JSON.
type minutesOf map[string][]pipeline.Tally

// hourFormat sorts as time does.
const hourFormat = "2006-01-02T15"

// proofName is the name of a stream's hour.
func proofName(stream string, hour time.Time) string {
	return proofPrefix(stream) + hour.UTC().Format(hourFormat)
}

func proofPrefix(stream string) string { return stream + "\x00" }

func endOfTime() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// draft is the proof of a stream as a commit is to leave it, by name.
type draft struct {
	store  Store
	stream string
	before map[string][]byte // what lay under the names that this or a failed commit changes; nil where nothing did
	after  map[string][]byte // what is to lie there; nil for nothing
	pruned time.Time         // no hour before it lies in the store
}

// prove adds what changed with a state, and removes hours that are too old. With forget it first removes all hours.
func (d *draft) prove(next *pipeline.State, forget bool) error {
	changes := next.TakeProof()
	if forget {
		if err := d.prune(endOfTime(), math.MaxInt); err != nil {
			return err
		}
	}
	for _, change := range changes {
		if err := d.apply(change); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	before, most := next.Frontier.Add(-ProofLife).Truncate(time.Hour), 0
	if before.After(d.pruned) {
		d.pruned, most = before, MaxBatch/2
	}
	return d.prune(before, most)
}

// get is what lies under a name.
func (d *draft) get(name string) ([]byte, error) {
	if value, changed := d.after[name]; changed {
		return value, nil
	}
	e, err := d.store.Get(Key{proofBucket, name})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	d.before[name], d.after[name] = e.Value, e.Value
	return e.Value, nil
}

// prune removes the hours that end before a time: from the draft, and at most so many from the store.
func (d *draft) prune(before time.Time, most int) error {
	end := proofName(d.stream, before)
	for name := range d.after {
		if name < end {
			d.after[name] = nil
		}
	}
	if most == 0 {
		return nil
	}
	for e, err := range d.store.List(proofBucket, proofPrefix(d.stream)) {
		if err != nil {
			return err
		}
		if e.Name >= end || most == 0 {
			break
		}
		if _, changed := d.after[e.Name]; !changed {
			d.before[e.Name], d.after[e.Name] = e.Value, nil
			most--
		}
	}
	return nil
}

// apply changes the draft.
func (d *draft) apply(change pipeline.Proof) error {
	w := change.Forget
	for hour := w.From.Truncate(time.Hour); hour.Before(w.To); hour = hour.Add(time.Hour) {
		err := d.alter(hour, change.Sink, func(list []pipeline.Tally) (kept []pipeline.Tally) {
			for _, t := range list {
				if t.Start().Before(w.From) || !t.Start().Before(w.To) {
					kept = append(kept, t)
				}
			}
			return kept
		})
		if err != nil {
			return err
		}
	}
	for rest := change.Add; len(rest) > 0; {
		hour, n := rest[0].Start().Truncate(time.Hour), 1
		for n < len(rest) && rest[n].Start().Truncate(time.Hour).Equal(hour) {
			n++
		}
		err := d.alter(hour, change.Sink, func(list []pipeline.Tally) []pipeline.Tally {
			return pipeline.AddTallies(list, rest[:n])
		})
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// alter changes the tallies of a sink in one hour. A damaged value proves nothing and is begun anew: its rows then differ
// from the workspace's and are sent again.
func (d *draft) alter(hour time.Time, sink string, change func([]pipeline.Tally) []pipeline.Tally) error {
	name := proofName(d.stream, hour)
	value, err := d.get(name)
	if err != nil {
		return err
	}
	tallies, err := decodeProof(value)
	if err != nil {
		tallies = minutesOf{}
	}
	tallies[sink] = change(tallies[sink])
	text, err := json.Marshal(tallies)
	if err != nil {
		return fmt.Errorf("encode the proof: %w", err)
	}
	d.after[name] = Seal("", text)
	return nil
}

// decodeProof reads what alter wrote; damage is ErrCorrupt.
func decodeProof(value []byte) (minutesOf, error) {
	hour := minutesOf{}
	if value == nil {
		return hour, nil
	}
	text, err := Unseal("", value)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &hour); err != nil || hour == nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return hour, nil
}

// Proof returns what became of the rows of a stream that were ingested in [from, to), by sink and minute, in order. Hours
// whose value is damaged prove nothing.
func (l *Ledger) Proof(stream string, from, to time.Time) (map[string][]pipeline.Tally, error) {
	all := map[string][]pipeline.Tally{}
	first, end := proofName(stream, from), proofName(stream, to.Add(time.Hour))
	for e, err := range l.store.List(proofBucket, proofPrefix(stream)) {
		if err != nil {
			return nil, fmt.Errorf("read the proof of %s: %w", stream, err)
		}
		if e.Name >= end {
			break
		}
		hour, err := decodeProof(e.Value)
		if e.Name < first || err != nil {
			continue
		}
		for sink, list := range hour {
			for _, t := range list {
				if !t.Start().Before(from) && t.Start().Before(to) {
					all[sink] = append(all[sink], t)
				}
			}
		}
	}
	return all, nil
}
