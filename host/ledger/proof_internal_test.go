package ledger

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// kept is a proof in memory.
type kept map[string][]byte

func (k kept) Get(key []byte) []byte { return k[string(key)] }

func (k kept) Put(key, value []byte) error {
	if k[string(key)] = value; value == nil {
		delete(k, string(key))
	}
	return nil
}

func (k kept) Keys(from, to []byte) (keys [][]byte) {
	for key := range k {
		if key >= string(from) && key < string(to) {
			keys = append(keys, []byte(key))
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
}

func tally(at time.Time, n int64) pipeline.Tally {
	return pipeline.Tally{Minute: pipeline.MinuteOf(at), Read: n, Confirmed: n}
}

// TestProofForgetsWhatIsReadAgain also adds to an hour twice, across hours, and prunes.
func TestProofForgetsWhatIsReadAgain(t *testing.T) {
	at, p := time.Date(2026, 1, 2, 3, 58, 0, 0, time.UTC), kept{}
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	add := func(list ...pipeline.Tally) pipeline.Proof { return pipeline.Proof{Sink: "hec", Add: list} }
	for _, change := range []pipeline.Proof{
		add(tally(minute(0), 1), tally(minute(1), 2), tally(minute(2), 3), tally(minute(3), 4)),
		add(tally(minute(1), 5)),
		{Sink: "hec", Forget: pipeline.Window{From: minute(1), To: minute(3)}},
		add(tally(minute(2), 9)),
	} {
		if err := apply(p, "s", change); err != nil {
			t.Fatal(err)
		}
	}
	read := func(hour int) []pipeline.Tally {
		list, err := decodeProof(p.Get(proofKey("s", at.Truncate(time.Hour).Add(time.Duration(hour)*time.Hour))))
		if err != nil {
			t.Fatal(err)
		}
		return list["hec"]
	}
	if got := read(0); !slices.Equal(got, []pipeline.Tally{tally(minute(0), 1)}) {
		t.Errorf("the first hour is %v", got)
	}
	if got := read(1); !slices.Equal(got, []pipeline.Tally{tally(minute(2), 9), tally(minute(3), 4)}) {
		t.Errorf("the second hour is %v", got)
	}
	if err := prune(p, "s", time.Time{}, minute(30)); err != nil || len(p) != 1 || len(read(1)) != 2 {
		t.Errorf("pruned to %v, %v", p, err)
	}
}

func TestADamagedProofProvesNothing(t *testing.T) {
	at, p := time.Date(2026, 1, 2, 3, 58, 0, 0, time.UTC), kept{}
	if err := apply(p, "s", pipeline.Proof{Sink: "hec", Add: []pipeline.Tally{tally(at, 1)}}); err != nil {
		t.Fatal(err)
	}
	key := proofKey("s", at)
	for i := range p[string(key)] {
		damaged := bytes.Clone(p[string(key)])
		damaged[i] ^= 1
		if _, err := decodeProof(damaged); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	p[string(key)] = []byte("no proof")
	if err := apply(p, "s", pipeline.Proof{Sink: "hec", Add: []pipeline.Tally{tally(at, 2)}}); err != nil {
		t.Fatal(err)
	}
	if got, err := decodeProof(p[string(key)]); err != nil || got["hec"][0].Read != 2 {
		t.Errorf("begun anew: %v, %v", got, err)
	}
}

func FuzzDecodeProof(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00{}"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		if _, err := decodeProof(value); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("error is %v", err)
		}
	})
}
