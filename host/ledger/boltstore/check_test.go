package boltstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// used is the file of a ledger that was used for a while: with branches, values of several pages, proof and free pages.
func used(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	s := start(t, dir)
	random := rand.New(rand.NewPCG(1, 2))
	revisions := map[string]uint64{}
	for i := range 60 {
		key := fmt.Sprint("stream-", i%9)
		b := ledger.Batch{
			Expect: map[ledger.Key]uint64{recordOf(key): revisions[key]},
			Put:    map[ledger.Key][]byte{recordOf(key): make([]byte, random.IntN(9000))},
		}
		for j := range 20 {
			b.Put[proofOf(fmt.Sprintf("%s|%06d", key, i*20+j))] = make([]byte, 20+random.IntN(60))
		}
		next, err := s.Commit(b)
		if err != nil {
			t.Fatal(err)
		}
		revisions[key] = next[recordOf(key)]
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func proofOf(name string) ledger.Key { return ledger.Key{Bucket: "proof", Name: name} }

// hurt is the file with one damage.
func hurt(file []byte, seed int) []byte {
	random := rand.New(rand.NewPCG(uint64(seed), 9))
	file = append([]byte(nil), file...)
	page := func() int { return (2 + random.IntN(len(file)/4096-2)) * 4096 }
	switch seed % 6 {
	case 0: // a bit anywhere
		file[random.IntN(len(file))] ^= 1 << random.IntN(8)
	case 1: // a bit where pages say what is in them
		file[page()+random.IntN(300)] ^= 1 << random.IntN(8)
	case 2: // rubbish behind a page's head
		for p, i := page(), pageHead; i < 4096; i++ {
			file[p+i] = byte(random.Uint32())
		}
	case 3: // a page that another was written over
		copy(file[page()+8:][:4088], file[page()+8:])
	case 4: // a number that is the number of a page, or wild
		number := uint64(random.IntN(len(file) / 4096))
		if random.IntN(2) == 0 {
			number = random.Uint64()
		}
		p := page() + 8*random.IntN(75)
		for i := range 8 {
			file[p+i] = byte(number >> (8 * i))
		}
	case 5: // the rest is gone
		file = file[:random.IntN(len(file))]
	}
	return file
}

// TestDamageIsSeen opens a ledger with each of many damages: it is set aside, or can be used. With bbolt's own check about
// one in forty ended the process.
func TestDamageIsSeen(t *testing.T) {
	file, dir := used(t), t.TempDir()
	path := filepath.Join(dir, FileName)
	good := 0
	for seed := range 6000 {
		if err := os.WriteFile(path, hurt(file, seed), 0o600); err != nil {
			t.Fatal(err)
		}
		s := &Store{openFile: os.OpenFile}
		if err := s.readAt(path); err != nil {
			if !damaged(err) {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		good++
		for problem := range problems(s) { // what bbolt finds, now that it can be asked
			t.Errorf("seed %d: not seen: %v", seed, problem)
		}
		if err := s.db.Close(); err != nil {
			t.Fatal(err)
		}
		if good%10 == 0 {
			use(t, dir)
		}
	}
	if good < 1000 || good > 5000 {
		t.Errorf("%d of 6000 were good: the test damages too little or too much", good)
	}
	t.Logf("%d of 6000 were good", good)
}

func problems(s *Store) map[string]bool {
	found := map[string]bool{}
	err := s.view(func(tx *bbolt.Tx) error {
		for problem := range tx.Check() {
			found[problem.Error()] = true
		}
		return nil
	})
	if err != nil {
		found[err.Error()] = true
	}
	return found
}

// use fails unless everything in the ledger can be read and something be written.
func use(t *testing.T, dir string) {
	t.Helper()
	s := start(t, dir)
	for _, bucket := range []string{ledger.Streams, "proof"} {
		for e, err := range s.List(bucket, "") {
			if err != nil {
				t.Error(err)
				break
			}
			if _, err := s.Get(e.Key); err != nil { // its value is the ledger's to check
				t.Error(err)
			}
		}
	}
	if s.SetAside() != "" {
		t.Errorf("set aside: %q", s.SetAside())
	}
	for _, key := range []string{"stream-0", "stream-5", "new"} {
		e, _ := s.Get(recordOf(key))
		_, err := s.Commit(ledger.Batch{
			Expect: map[ledger.Key]uint64{recordOf(key): e.Revision},
			Put:    map[ledger.Key][]byte{recordOf(key): []byte("value"), proofOf(key): []byte("value")},
		})
		if err != nil {
			t.Errorf("write %s: %v", key, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestDamageIsNamed holds what the reason says, for the damages that bbolt would die of.
func TestDamageIsNamed(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	for i := range 200 {
		put(t, s, fmt.Sprintf("%03d", i), strings.Repeat("x", 500), 0)
	}
	var branch, leaf, list int64
	err := s.view(func(tx *bbolt.Tx) error {
		branch = int64(tx.Bucket(records()).Root()) * 4096
		for id := 2; ; id++ {
			info, err := tx.Page(id)
			if err != nil || info == nil {
				return err
			}
			switch info.Type {
			case "freelist":
				list = int64(id) * 4096
			case "leaf":
				leaf = int64(id) * 4096
			}
		}
	})
	if err != nil || branch == 0 || leaf == 0 || list == 0 {
		t.Fatalf("no branch, leaf or list: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	own := byte(branch / 4096)
	for _, c := range []struct {
		at   int64
		put  []byte
		want string
	}{
		{branch + pageHead + 8, []byte{own, 0, 0, 0, 0, 0, 0, 0}, "it is there twice"}, // in circles
		{branch + pageHead + 8, []byte{0, 0, 0, 1}, "there is no such page"},
		{branch + pageHead + 4, []byte{0, 0, 0, 1}, "reaches past its end"},
		{branch + 10, []byte{0, 0}, "branch without children"},
		{leaf + pageHead + 12, []byte{0, 0, 0, 1}, "reaches past its end"},
		{leaf + 8, []byte{4}, "of kind"},
		{leaf + 10, []byte{0, 4}, "elements don't fit"},
		{leaf + 12, []byte{255, 255}, "page"},
		{leaf, []byte{1}, "says that it is page 1"},
		{list + 10, []byte{255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255}, "free pages don't fit"}, // more than there is memory
		{list + 8, []byte{2}, "not the list of free pages"},
		{list + pageHead, []byte{own, 0, 0, 0, 0, 0, 0, 0}, "it is there twice"},
	} {
		hurt := append([]byte(nil), file...)
		copy(hurt[c.at:], c.put)
		if err := os.WriteFile(path, hurt, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Peek(dir); !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("at %d: got %v; want %q", c.at, err, c.want)
		}
	}
}
