package ledger

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// empty is a store that holds nothing.
type empty struct{ Store }

func (empty) Get(Key) (Entry, error) { return Entry{}, ErrNotFound }

func blank() *draft {
	return &draft{store: empty{}, stream: "s", before: map[string][]byte{}, after: map[string][]byte{}}
}

func tally(at time.Time, n int64) pipeline.Tally {
	return pipeline.Tally{Minute: pipeline.MinuteOf(at), Read: n, Confirmed: n}
}

// TestProofForgetsWhatIsReadAgain also adds to an hour twice, across hours, and prunes.
func TestProofForgetsWhatIsReadAgain(t *testing.T) {
	at, d := time.Date(2026, 1, 2, 3, 58, 0, 0, time.UTC), blank()
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	add := func(list ...pipeline.Tally) pipeline.Proof { return pipeline.Proof{Sink: "hec", Add: list} }
	for _, change := range []pipeline.Proof{
		add(tally(minute(0), 1), tally(minute(1), 2), tally(minute(2), 3), tally(minute(3), 4)),
		add(tally(minute(1), 5)),
		{Sink: "hec", Forget: pipeline.Window{From: minute(1), To: minute(3)}},
		add(tally(minute(2), 9)),
	} {
		if err := d.apply(change); err != nil {
			t.Fatal(err)
		}
	}
	read := func(hour int) []pipeline.Tally {
		list, err := decodeProof(d.after[proofName("s", at.Truncate(time.Hour).Add(time.Duration(hour)*time.Hour))])
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
	if err := d.prune(minute(30), 0); err != nil || len(d.after) != 2 || d.after[proofName("s", at)] != nil || len(read(1)) != 2 {
		t.Errorf("pruned to %v, %v", d.after, err)
	}
}

func TestADamagedProofProvesNothing(t *testing.T) {
	at, d := time.Date(2026, 1, 2, 3, 58, 0, 0, time.UTC), blank()
	if err := d.apply(pipeline.Proof{Sink: "hec", Add: []pipeline.Tally{tally(at, 1)}}); err != nil {
		t.Fatal(err)
	}
	name := proofName("s", at)
	for i := range d.after[name] {
		damaged := bytes.Clone(d.after[name])
		damaged[i] ^= 1
		if _, err := decodeProof(damaged); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	d.after[name] = []byte("no proof")
	if err := d.apply(pipeline.Proof{Sink: "hec", Add: []pipeline.Tally{tally(at, 2)}}); err != nil {
		t.Fatal(err)
	}
	if got, err := decodeProof(d.after[name]); err != nil || got["hec"][0].Read != 2 {
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
