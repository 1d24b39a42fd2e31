package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// ProofLife is how far behind a stream's frontier its proof is kept: a week, and the day in which it is asked for.
const ProofLife = 8 * 24 * time.Hour

// minutesOf are the tallies of one hour by sink. It lies in the store as four bytes of CRC-32C and JSON.
type minutesOf map[string][]pipeline.Tally

// hourFormat sorts as time does.
const hourFormat = "2006-01-02T15"

// proofKey is the key of a stream's hour.
func proofKey(stream string, hour time.Time) []byte {
	return []byte(stream + "\x00" + hour.UTC().Format(hourFormat))
}

func endOfTime() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// prune removes what is proven of the hours of a stream that end before a time.
func prune(p Proofs, stream string, from, before time.Time) error {
	for _, key := range p.Keys(proofKey(stream, from), proofKey(stream, before.Truncate(time.Hour))) {
		if err := p.Put(key, nil); err != nil {
			return err
		}
	}
	return nil
}

// apply changes the proof of a stream.
func apply(p Proofs, stream string, change pipeline.Proof) error {
	w := change.Forget
	for hour := w.From.Truncate(time.Hour); hour.Before(w.To); hour = hour.Add(time.Hour) {
		err := alter(p, proofKey(stream, hour), change.Sink, func(list []pipeline.Tally) (kept []pipeline.Tally) {
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
		err := alter(p, proofKey(stream, hour), change.Sink, func(list []pipeline.Tally) []pipeline.Tally {
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
func alter(p Proofs, key []byte, sink string, change func([]pipeline.Tally) []pipeline.Tally) error {
	hour, err := decodeProof(p.Get(key))
	if err != nil {
		hour = minutesOf{}
	}
	hour[sink] = change(hour[sink])
	text, err := json.Marshal(hour)
	if err != nil {
		return fmt.Errorf("encode the proof: %w", err)
	}
	return p.Put(key, append(binary.BigEndian.AppendUint32(nil, checksum(text)), text...))
}

// decodeProof reads what alter wrote; damage is ErrCorrupt.
func decodeProof(value []byte) (minutesOf, error) {
	hour := minutesOf{}
	if value == nil {
		return hour, nil
	}
	if len(value) < 4 || binary.BigEndian.Uint32(value) != checksum(value[4:]) {
		return nil, ErrCorrupt
	}
	if err := json.Unmarshal(value[4:], &hour); err != nil || hour == nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return hour, nil
}

// Proof returns what became of the rows of a stream that were ingested in [from, to), by sink and minute, in order. Hours
// whose value is damaged prove nothing.
func (l *Ledger) Proof(stream string, from, to time.Time) (map[string][]pipeline.Tally, error) {
	all := map[string][]pipeline.Tally{}
	store, ok := l.store.(ProofStore)
	if !ok {
		return all, nil
	}
	err := store.ViewProof(func(p Proofs) error {
		for _, key := range p.Keys(proofKey(stream, from), proofKey(stream, to.Add(time.Hour))) {
			hour, err := decodeProof(p.Get(key))
			if err != nil {
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
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the proof of %s: %w", stream, err)
	}
	return all, nil
}
