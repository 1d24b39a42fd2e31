package ledgertest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// orderOfListing has names of all kinds, put in any order.
func orderOfListing(t *testing.T, open Place) {
	s := open()
	random := rand.New(rand.NewPCG(1, 2))
	for _, bucket := range []string{records, beside, "graph:entra:GraphApplications"} {
		want := []string{"a", "a\x00", "a\x00b", "a\x00\xff", "a:b", "a.b.>", "a*", "aä", "b", "\xff", "\xff\xff", "\x00", " ", strings.Repeat("n", 400)}
		for i := range 50 {
			want = append(want, fmt.Sprintf("a\x00%02d%c", i, rune(random.IntN(0xd800))))
		}
		random.Shuffle(len(want), func(i, j int) { want[i], want[j] = want[j], want[i] })
		for part := range slices.Chunk(want, 10) {
			b := ledger.Batch{Put: map[ledger.Key][]byte{}}
			for _, name := range part {
				b.Put[key(bucket, name)] = []byte(bucket + name)
			}
			commit(t, s, b)
		}
		slices.Sort(want)
		for _, prefix := range []string{"", "a", "a\x00", "a\x000", "\xff", "nothing"} {
			all := list(t, s, bucket, prefix)
			if got, some := names(all), withPrefix(want, prefix); !slices.Equal(got, some) {
				t.Errorf("%s %q: got %q, want %q", bucket, prefix, got, some)
			}
			for _, e := range all {
				holds(t, s, e.Key, bucket+e.Name, e.Revision)
			}
		}
	}
	if all := list(t, s, "no such bucket", ""); len(all) > 0 {
		t.Errorf("there is %v", names(all))
	}
}

func withPrefix(all []string, prefix string) (some []string) {
	for _, name := range all {
		if strings.HasPrefix(name, prefix) {
			some = append(some, name)
		}
	}
	return some
}

// listingWhileWriting commits from within a listing, which still yields all that was there the whole time, and ends early.
func listingWhileWriting(t *testing.T, open Place) {
	s := open()
	b := ledger.Batch{Put: map[ledger.Key][]byte{}}
	for i := range 500 {
		b.Put[key(beside, fmt.Sprintf("%04d", i))] = make([]byte, 10_000)
	}
	commit(t, s, b)
	next := 0
	for e, err := range s.List(beside, "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Name == fmt.Sprintf("%04d", next) {
			next++
		}
		if next%50 == 1 {
			commit(t, s, ledger.Batch{Put: puts(key(beside, e.Name+"-new"), "n"), Remove: []ledger.Key{e.Key}})
		}
	}
	if next != 500 {
		t.Errorf("ended at %d", next)
	}
	for e, err := range s.List(beside, "01") {
		if err != nil {
			t.Fatal(err)
		}
		commit(t, s, ledger.Batch{Remove: []ledger.Key{e.Key}})
		break
	}
	if left := list(t, s, beside, "01"); left[0].Name != "0100-new" && left[0].Name != "0101" {
		t.Errorf("the first one left is %s", left[0].Name)
	}
}

// valuesAsTheyWere has values of all kinds, which belong to the callers on both sides.
func valuesAsTheyWere(t *testing.T, open Place) {
	s := open()
	for _, bucket := range []string{records, beside} {
		for name, value := range map[string][]byte{
			"empty": {}, "zero": {0}, "short": []byte("\x00\xff\n"), "no text": []byte("\xc3\x28\x80"), "largest": bytes.Repeat([]byte("riskrelay"), ledger.MaxValue/9+1)[:ledger.MaxValue],
		} {
			k, given := key(bucket, name), bytes.Clone(value)
			commit(t, s, ledger.Batch{Put: map[ledger.Key][]byte{k: given}})
			if len(given) > 0 {
				given[0] ^= 1
			}
			for range 2 {
				e, err := s.Get(k)
				if err != nil || !bytes.Equal(e.Value, value) || e.Revision == 0 {
					t.Errorf("%s of %s: %d bytes at %d, %v", name, bucket, len(e.Value), e.Revision, err)
				}
				if len(e.Value) > 0 {
					e.Value[0] ^= 1 // is the caller's own
				}
			}
			for _, e := range list(t, s, bucket, name) {
				if !bytes.Equal(e.Value, value) {
					t.Errorf("%s of %s is listed with %d bytes", name, bucket, len(e.Value))
				}
			}
		}
	}
}

// openedAgain shows the next process all that was committed, and lets it go on at the revisions that it finds.
func openedAgain(t *testing.T, open Place) {
	s := open()
	var want []ledger.Entry
	for _, bucket := range []string{records, beside} {
		for _, name := range []string{"one", "two"} {
			k := key(bucket, name)
			first := commit(t, s, ledger.Batch{Expect: at(k, 0), Put: puts(k, "first")})[k]
			second := commit(t, s, ledger.Batch{Expect: at(k, first), Put: puts(k, name+" of "+bucket)})[k]
			want = append(want, ledger.Entry{Key: k, Value: []byte(name + " of " + bucket), Revision: second})
		}
		gone := key(bucket, "gone")
		commit(t, s, ledger.Batch{Put: puts(gone, "x")})
		commit(t, s, ledger.Batch{Remove: []ledger.Key{gone}})
	}
	s = open()
	if got := len(list(t, s, records, "")) + len(list(t, s, beside, "")); got != len(want) {
		t.Errorf("%d values, want %d", got, len(want))
	}
	for _, e := range want {
		holds(t, s, e.Key, string(e.Value), e.Revision)
		refused(t, s, ledger.Batch{Expect: at(e.Key, 0), Put: puts(e.Key, "new")}, ledger.ErrConflict)
		commit(t, s, ledger.Batch{Expect: at(e.Key, e.Revision), Put: puts(e.Key, "goes on")})
	}
}
