package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

func open(t *testing.T, dir string) *boltstore.Store {
	t.Helper()
	store, err := boltstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func window(i int) pipeline.Window {
	at := time.Date(2026, 1, 2, 3, i, 0, 0, time.UTC)
	return pipeline.Window{Stream: "s", From: at, To: at.Add(time.Minute)}
}

func begin(w pipeline.Window, sinks ...string) func(*pipeline.State) error {
	return func(s *pipeline.State) error { s.Begin(w, sinks); return nil }
}

func TestAFailedChangeChangesNothing(t *testing.T) {
	r, err := ledger.New(ledgertest.New()).Open("s")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Update(begin(window(0), "hec")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err = r.Update(func(s *pipeline.State) error {
		s.Done(window(0), "hec")
		return broken
	})
	if !errors.Is(err, broken) || len(r.State().Open) != 1 {
		t.Errorf("%v, %+v", err, r.State())
	}
}

func TestADirectoryHasOneProcess(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, err := boltstore.Open(dir); !errors.Is(err, boltstore.ErrLocked) {
		t.Errorf("got %v", err)
	}
}

// TestEveryFlippedBitIsFound damages each bit of an encoded state.
func TestEveryFlippedBitIsFound(t *testing.T) {
	s := &pipeline.State{}
	s.Begin(window(1), []string{"hec"})
	value, err := ledger.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(value) * 8 {
		value[i/8] ^= 1 << (i % 8)
		if _, err := ledger.Decode(value); !errors.Is(err, ledger.ErrCorrupt) {
			t.Fatalf("bit %d: %v", i, err)
		}
		value[i/8] ^= 1 << (i % 8)
	}
	if _, err := ledger.Decode(value); err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatIsNoLedgerIsSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, boltstore.FileName)
	if err := os.WriteFile(path, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	store := open(t, dir)
	if _, err := store.Commit(ledger.Batch{Put: map[ledger.Key][]byte{{Bucket: ledger.Streams, Name: "s"}: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	aside, err := filepath.Glob(path + ".*.damaged")
	if err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

// TestDamageIsFoundWhenOpening damages a ledger in many places: it opens as it was, or is set aside, or lacks streams; it
// never shows a state that wasn't written, and never panics.
func TestDamageIsFoundWhenOpening(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir)
	l := ledger.New(store)
	for i := range 50 {
		r, err := l.Open(fmt.Sprintf("stream-%d", i))
		if err != nil {
			t.Fatal(err)
		}
		for k := range 3 {
			if err := r.Update(begin(window(k), "hec")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, boltstore.FileName))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%+v", whole(t, good)["stream-7"])
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		bad := bytes.Clone(good)
		switch i % 6 {
		case 0:
			bad = bad[:random.IntN(len(bad))]
		case 1:
			clear(bad[random.IntN(len(bad)/4096)*4096:][:4096])
		case 3:
			for k := range 16 {
				bad[random.IntN(len(bad))] = byte(k * 17)
			}
		default:
			bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, boltstore.FileName), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		store, err := boltstore.Open(dir)
		if err != nil {
			t.Errorf("damage %d: %v", i, err)
			continue
		}
		states, err := ledger.New(store).Streams()
		if err != nil {
			t.Errorf("damage %d: %v", i, err)
		}
		for name, s := range states {
			if got := fmt.Sprintf("%+v", s); got != want {
				t.Errorf("damage %d: %s is %s", i, name, got)
			}
		}
		if err := store.Close(); err != nil {
			t.Errorf("damage %d: %v", i, err)
		}
	}
}

// whole opens a copy of a ledger's file and returns its streams.
func whole(t *testing.T, file []byte) map[string]*pipeline.State {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, boltstore.FileName), file, 0o600); err != nil {
		t.Fatal(err)
	}
	states, err := ledger.New(open(t, dir)).Streams()
	if err != nil || len(states) != 50 {
		t.Fatalf("%d streams, %v", len(states), err)
	}
	return states
}

func FuzzDecode(f *testing.F) {
	value, err := ledger.Encode(&pipeline.State{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Fuzz(func(t *testing.T, value []byte) {
		if s, err := ledger.Decode(value); (s == nil) == (err == nil) {
			t.Errorf("%q: %v, %v", value, s, err)
		}
	})
}
