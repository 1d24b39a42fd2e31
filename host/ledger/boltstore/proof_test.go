package boltstore

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// afterAll is a store of which some commits fail and get through after all, as after a sync that failed behind the meta page.
type afterAll struct {
	*Store
	fail bool
}

var errAfterAll = errors.New("the sync failed")

func (a *afterAll) Commit(b ledger.Batch) (map[ledger.Key]uint64, error) {
	if !a.fail {
		return a.Store.Commit(b)
	}
	if _, err := a.Store.Commit(b); err != nil {
		return nil, err
	}
	maps.Copy(a.known, b.Expect)
	return nil, errAfterAll
}

// TestAProofThatFailedAfterAll has changes of the proof fail, of which some got through after all: what each adds counts once,
// and what was given up doesn't count.
func TestAProofThatFailedAfterAll(t *testing.T) {
	s := &afterAll{Store: start(t, t.TempDir())}
	l := ledger.New(s)
	r, err := l.Open("s")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	windows := 0
	// add closes a window of which a row came in each of some hours.
	add := func(hours ...int) error {
		return r.Update(func(state *pipeline.State) error {
			windows++
			w := pipeline.Window{Stream: "s", From: begin.Add(time.Duration(windows) * time.Second), To: begin.Add(24*time.Hour + time.Duration(windows)*time.Second)}
			state.Begin(w, []string{"hec"})
			var tally []pipeline.Tally
			for _, hour := range hours {
				tally = append(tally, pipeline.Tally{Minute: pipeline.MinuteOf(begin) + int64(hour*60), Read: 1, Confirmed: 1})
			}
			if err := state.Tally(w, "hec", tally); err != nil {
				return err
			}
			state.Done(w, "hec")
			return nil
		})
	}
	works := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	failAfterAll := func(hours ...int) {
		t.Helper()
		s.fail = true
		if err := add(hours...); !errors.Is(err, errAfterAll) {
			t.Fatal(err)
		}
		s.fail = false
	}
	holds := func(want ...int64) {
		t.Helper()
		proof, err := l.Proof("s", begin, begin.Add(24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int64, len(want))
		for _, tally := range proof["hec"] {
			got[(tally.Minute-pipeline.MinuteOf(begin))/60] += tally.Read
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the hours have %v rows, want %v", got, want)
		}
	}
	const a, b, c, d = 0, 1, 2, 3
	failAfterAll(a) // the first commit of a process
	works(add(a))
	holds(1, 0, 0, 0)
	failAfterAll(a, b)
	holds(2, 1, 0, 0) // what lies there
	works(add(a, b))
	holds(2, 1, 0, 0)
	failAfterAll(a, b, c)
	failAfterAll(a, d)
	holds(3, 1, 0, 1)
	works(add(b))
	holds(2, 2, 0, 0)
	failAfterAll(a)
	works(r.Update(func(*pipeline.State) error { return nil })) // something else, without a proof
	holds(2, 2, 0, 0)
	works(add(a))
	holds(3, 2, 0, 0)
}

// leaves are the pages of the file that hold values.
func leaves(t *testing.T, s *Store) (pages []int) {
	t.Helper()
	err := s.view(func(tx *bbolt.Tx) error {
		for id := 2; ; id++ {
			info, err := tx.Page(id)
			if err != nil || info == nil {
				return err
			}
			if info.Type == "leaf" {
				pages = append(pages, id)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// TestAProofThatIsOverwritten has rubbish written over each page with values while the file is in use: the record, which reads
// the proof before it writes, gets over that, and what it had proven is lost.
func TestAProofThatIsOverwritten(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	lost := 0
	for nth, more := 0, true; more; nth++ {
		dir := t.TempDir()
		s := start(t, dir)
		r, err := ledger.New(s).Open("s")
		if err != nil {
			t.Fatal(err)
		}
		// add closes a window of an hour.
		add := func(hour int) error {
			return r.Update(func(state *pipeline.State) error {
				w := pipeline.Window{Stream: "s", From: begin.Add(time.Duration(hour) * time.Hour), To: begin.Add(time.Duration(hour+1) * time.Hour)}
				state.Begin(w, []string{"hec"})
				var tally []pipeline.Tally
				for m := range int64(60) {
					tally = append(tally, pipeline.Tally{Minute: pipeline.MinuteOf(w.From) + m, Read: 1, Confirmed: 1})
				}
				if err := state.Tally(w, "hec", tally); err != nil {
					return err
				}
				state.Done(w, "hec")
				return nil
			})
		}
		for hour := range 3 {
			if err := add(hour); err != nil {
				t.Fatal(err)
			}
		}
		pages := leaves(t, s)
		page := pages[nth]
		more = nth+1 < len(pages)
		overwrite(t, filepath.Join(dir, FileName), page*4096, page*4096+4096)
		for try := 0; add(2) != nil; try++ { // the hour that was closed last, again
			if try == 3 {
				t.Fatalf("page %d: it isn't got over", page)
			}
		}
		if r.State().Unproven.IsZero() {
			continue
		}
		lost++
		proof, err := ledger.New(s).Proof("s", begin, begin.Add(24*time.Hour))
		if err != nil || len(proof["hec"]) != 60 || proof["hec"][0].Read != 1 {
			t.Errorf("page %d: proven are %d minutes, the first with %+v, %v", page, len(proof["hec"]), proof["hec"][0], err)
		}
	}
	if lost == 0 {
		t.Error("no page mattered")
	}
}

// TestAFileThatIsLostBeforeTheFirstWrite has a process read a record, and write it for the first time when the file has become
// unreadable: what was read is all there is, and nobody else has changed it.
func TestAFileThatIsLostBeforeTheFirstWrite(t *testing.T) {
	dir := t.TempDir()
	w := pipeline.Window{Stream: "s", From: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)}
	before := start(t, dir)
	r, err := ledger.New(before).Open("s")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Update(func(s *pipeline.State) error { s.Begin(w, []string{"hec"}); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	if r, err = ledger.New(s).Open("s"); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, FileName), 0); err != nil {
		t.Fatal(err)
	}
	for try := 0; err == nil; try++ {
		if err = r.Update(func(s *pipeline.State) error { s.Done(w, "hec"); return nil }); err == nil {
			break
		}
		if errors.Is(err, ledger.ErrConflict) || try == 3 {
			t.Fatal(err)
		}
		err = nil
	}
	if got := r.State(); !got.Frontier.Equal(w.To) || !got.Unproven.Equal(w.To) || len(got.Open) != 0 {
		t.Errorf("%+v", got)
	}
}
