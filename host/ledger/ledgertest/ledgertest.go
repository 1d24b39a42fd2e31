package ledgertest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// Place is where a store keeps what it is given. It opens the store there, and again after the one before was left: what a
// process finds that comes after another.
type Place func() ledger.Store

// Run holds a store to the contract of [ledger.Store]. New makes an empty place; what is to be closed at the end is its
// affair.
func Run(t *testing.T, newPlace func(t *testing.T) Place) {
	for name, test := range map[string]func(*testing.T, Place){
		"compare-and-swap":      compareAndSwap,
		"races":                 races,
		"batches race":          batchesRace,
		"all or nothing":        allOrNothing,
		"refused batches":       refusedBatches,
		"many changes":          manyChanges,
		"order of listing":      orderOfListing,
		"listing while writing": listingWhileWriting,
		"values as they were":   valuesAsTheyWere,
		"opened again":          openedAgain,
		"a state comes back":    stateComesBack,
		"two writers":           twoWriters,
		"a damaged record":      damagedRecord,
		"a damaged hour":        damagedHour,
		"proof goes":            proofGoes,
	} {
		t.Run(name, func(t *testing.T) { test(t, newPlace(t)) })
	}
}

// Two buckets: that of the records, and one that only this suite has. Both are held to the same.
const (
	records = ledger.Streams
	beside  = "beside"
)

func key(bucket, name string) ledger.Key { return ledger.Key{Bucket: bucket, Name: name} }

func puts(key ledger.Key, value string) map[ledger.Key][]byte {
	return map[ledger.Key][]byte{key: []byte(value)}
}

func at(key ledger.Key, revision uint64) map[ledger.Key]uint64 {
	return map[ledger.Key]uint64{key: revision}
}

// commit fails the test unless the batch is made.
func commit(t *testing.T, s ledger.Store, b ledger.Batch) map[ledger.Key]uint64 {
	t.Helper()
	revisions, err := s.Commit(b)
	if err != nil {
		t.Fatalf("commit %v: %v", slices.Collect(maps.Keys(b.Put)), err)
	}
	return revisions
}

// refused fails the test unless the batch is refused for a reason.
func refused(t *testing.T, s ledger.Store, b ledger.Batch, want error) {
	t.Helper()
	if revisions, err := s.Commit(b); !errors.Is(err, want) {
		t.Errorf("got %v and revisions %v, want %v", err, revisions, want)
	}
}

// holds fails unless a key has the value and the revision; "" and 0 say that there is none.
func holds(t *testing.T, s ledger.Store, k ledger.Key, value string, revision uint64) {
	t.Helper()
	e, err := s.Get(k)
	if revision == 0 {
		if !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%v: %.40q, %v; want none", k, e.Value, err)
		}
		return
	}
	if err != nil || e.Key != k || string(e.Value) != value || e.Revision != revision {
		t.Errorf("%v: %v %.40q at %d, %v; want %.40q at %d", k, e.Key, e.Value, e.Revision, err, value, revision)
	}
}

// list are the entries of a bucket.
func list(t *testing.T, s ledger.Store, bucket, prefix string) (all []ledger.Entry) {
	t.Helper()
	for e, err := range s.List(bucket, prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func names(entries []ledger.Entry) (list []string) {
	for _, e := range entries {
		list = append(list, e.Name)
	}
	return list
}

// compareAndSwap takes a key through its life: it comes to be, changes, goes and comes again.
func compareAndSwap(t *testing.T, open Place) {
	s := open()
	for _, bucket := range []string{records, beside} {
		k := key(bucket, "k")
		holds(t, s, k, "", 0)
		refused(t, s, ledger.Batch{Expect: at(k, 1), Put: puts(k, "of nothing")}, ledger.ErrConflict)
		one := commit(t, s, ledger.Batch{Expect: at(k, 0), Put: puts(k, "one")})[k]
		holds(t, s, k, "one", one)
		refused(t, s, ledger.Batch{Expect: at(k, 0), Put: puts(k, "twice new")}, ledger.ErrConflict)
		two := commit(t, s, ledger.Batch{Expect: at(k, one), Put: puts(k, "two")})[k]
		holds(t, s, k, "two", two)
		refused(t, s, ledger.Batch{Expect: at(k, one), Put: puts(k, "late")}, ledger.ErrConflict)
		refused(t, s, ledger.Batch{Expect: at(k, one), Remove: []ledger.Key{k}}, ledger.ErrConflict)
		commit(t, s, ledger.Batch{Put: puts(k, "whatever was there")})
		refused(t, s, ledger.Batch{Expect: at(k, two), Put: puts(k, "late")}, ledger.ErrConflict)
		e, err := s.Get(k)
		if err != nil || e.Revision == two {
			t.Fatalf("%+v, %v", e, err)
		}
		commit(t, s, ledger.Batch{Expect: at(k, e.Revision), Remove: []ledger.Key{k}})
		holds(t, s, k, "", 0)
		refused(t, s, ledger.Batch{Expect: at(k, e.Revision), Put: puts(k, "of nothing")}, ledger.ErrConflict)
		again := commit(t, s, ledger.Batch{Expect: at(k, 0), Put: puts(k, "again")})[k]
		holds(t, s, k, "again", again)
		commit(t, s, ledger.Batch{Remove: []ledger.Key{k, key(bucket, "was never there"), key("nor was its bucket", "x")}})
		holds(t, s, k, "", 0)
	}
}

// increment adds one to a number, as often as it takes.
func increment(s ledger.Store, k ledger.Key) error {
	for {
		e, err := s.Get(k)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		var n int
		if e.Revision > 0 {
			if _, err := fmt.Sscan(string(e.Value), &n); err != nil {
				return err
			}
		}
		if _, err = s.Commit(ledger.Batch{Expect: at(k, e.Revision), Put: puts(k, fmt.Sprint(n+1))}); !errors.Is(err, ledger.ErrConflict) {
			return err
		}
	}
}

const (
	writers = 8
	rounds  = 20
)

// together has writers at work at the same time.
func together(t *testing.T, do func(writer int) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if err := do(i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// races has many add to two numbers: no addition is lost.
func races(t *testing.T, open Place) {
	s := open()
	together(t, func(int) error {
		for range rounds {
			if err := errors.Join(increment(s, key(records, "n")), increment(s, key(beside, "n"))); err != nil {
				return err
			}
		}
		return nil
	})
	for _, bucket := range []string{records, beside} {
		if e, err := s.Get(key(bucket, "n")); err != nil || string(e.Value) != fmt.Sprint(writers*rounds) {
			t.Errorf("%s: %q, %v", bucket, e.Value, err)
		}
	}
}

// batchesRace has many write two keys at once, of which they expect only one: the other goes with it.
func batchesRace(t *testing.T, open Place) {
	s := open()
	guard, other := key(records, "guard"), key(beside, "other")
	won := make([]int, writers)
	together(t, func(writer int) error {
		for n := range rounds {
			e, err := s.Get(guard)
			if err != nil && !errors.Is(err, ledger.ErrNotFound) {
				return err
			}
			value := []byte(fmt.Sprint(writer, n))
			_, err = s.Commit(ledger.Batch{Expect: at(guard, e.Revision), Put: map[ledger.Key][]byte{guard: value, other: value}})
			switch {
			case err == nil:
				won[writer]++
			case !errors.Is(err, ledger.ErrConflict):
				return err
			}
		}
		return nil
	})
	a, errA := s.Get(guard)
	b, errB := s.Get(other)
	if errA != nil || errB != nil || !bytes.Equal(a.Value, b.Value) {
		t.Errorf("%q and %q, %v, %v", a.Value, b.Value, errA, errB)
	}
	if slices.Max(won) == 0 {
		t.Errorf("nobody ever won: %v", won)
	}
}

// allOrNothing has a batch of which one expectation fails: nothing of it is made. An expectation also guards what it isn't about.
func allOrNothing(t *testing.T, open Place) {
	s := open()
	a, b, c, owner := key(records, "a"), key(beside, "b"), key("third", "c"), key(records, "owner")
	revisions := commit(t, s, ledger.Batch{
		Expect: map[ledger.Key]uint64{a: 0, b: 0, owner: 0}, Put: map[ledger.Key][]byte{a: []byte("a"), b: []byte("b"), owner: []byte("me")},
	})
	if len(revisions) != 3 {
		t.Errorf("revisions %v", revisions)
	}
	change := ledger.Batch{
		Expect: map[ledger.Key]uint64{a: revisions[a], owner: revisions[owner]},
		Put:    map[ledger.Key][]byte{a: []byte("a2"), c: []byte("c")}, Remove: []ledger.Key{b},
	}
	taken := commit(t, s, ledger.Batch{Expect: at(owner, revisions[owner]), Put: puts(owner, "you")})[owner]
	refused(t, s, change, ledger.ErrConflict)
	holds(t, s, a, "a", revisions[a])
	holds(t, s, b, "b", revisions[b])
	holds(t, s, c, "", 0)
	change.Expect[owner] = taken
	if got := commit(t, s, change); len(got) != 1 {
		t.Errorf("revisions of what was expected and put: %v", got)
	}
	holds(t, s, owner, "you", taken)
	holds(t, s, b, "", 0)
	if e, err := s.Get(c); err != nil || string(e.Value) != "c" {
		t.Errorf("%q, %v", e.Value, err)
	}
	if got := commit(t, s, ledger.Batch{}); len(got) != 0 {
		t.Errorf("nothing has revisions %v", got)
	}
}

// refusedBatches are those that some store can't make.
func refusedBatches(t *testing.T, open Place) {
	s := open()
	k := key(beside, "k")
	many := ledger.Batch{Expect: at(k, 0), Put: map[ledger.Key][]byte{}}
	for i := range ledger.MaxBatch + 1 {
		many.Put[key(beside, fmt.Sprint(i))] = nil
	}
	for name, b := range map[string]ledger.Batch{
		"too large":         {Put: puts(k, strings.Repeat("x", ledger.MaxValue+1))},
		"too many":          many,
		"put and removed":   {Put: puts(k, "x"), Remove: []ledger.Key{k}},
		"removed where new": {Expect: at(k, 0), Remove: []ledger.Key{k}},
	} {
		if _, err := s.Commit(b); !errors.Is(err, ledger.ErrBatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := list(t, s, beside, ""); len(all) > 0 {
		t.Errorf("there is %v", names(all))
	}
}

// manyChanges has as many changes as may be together, and more that expect nothing.
func manyChanges(t *testing.T, open Place) {
	s := open()
	guard := key(records, "guard")
	full, more := ledger.Batch{Expect: at(guard, 0), Put: puts(guard, "g")}, ledger.Batch{Put: map[ledger.Key][]byte{}}
	for i := range ledger.MaxBatch - 1 {
		full.Put[key(beside, fmt.Sprint("full-", i))] = []byte("x")
	}
	for i := range 3 * ledger.MaxBatch {
		more.Put[key(beside, fmt.Sprint("more-", i))] = make([]byte, 1000)
	}
	commit(t, s, full)
	commit(t, s, more)
	if f, m := list(t, s, beside, "full-"), list(t, s, beside, "more-"); len(f) != len(full.Put)-1 || len(m) != len(more.Put) {
		t.Errorf("%d and %d values", len(f), len(m))
	}
	more.Remove = slices.Collect(maps.Keys(more.Put))
	more.Put = nil
	commit(t, s, more)
	if m := list(t, s, beside, ""); len(m) != len(full.Put)-1 {
		t.Errorf("%d values are left", len(m))
	}
}
