package boltstore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// moment is the file after a commit, and what it holds.
type moment struct {
	file   []byte
	values map[string]string
}

// history writes a ledger and keeps each of its moments.
func history(t *testing.T, commits int) (moments []moment) {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	random := rand.New(rand.NewPCG(1, 2))
	values, revisions := map[string]string{}, map[string]uint64{}
	for i := range commits {
		key, value := fmt.Sprint("stream-", i%3), fmt.Sprintf("%d %x", i, make([]byte, random.IntN(6000)))
		if revisions[key], err = write(s, key, value, revisions[key]); err != nil {
			t.Fatal(err)
		}
		values[key] = value
		file, err := os.ReadFile(filepath.Join(dir, FileName))
		if err != nil {
			t.Fatal(err)
		}
		moments = append(moments, moment{file, maps.Clone(values)})
	}
	return moments
}

const (
	sector = 512 // what a disk writes whole or not at all
	metas  = 2 * 4096
)

// cut is the file as a disk may have it when the power fails between two commits. Bbolt writes the pages of a commit,
// syncs, writes the meta page that makes them count, and syncs (Tx.Commit in
// https://github.com/etcd-io/bbolt/blob/v1.5.0/tx.go): of what wasn't synced, any subset of sectors may be there.
func cut(random *rand.Rand, before, after []byte) []byte {
	length := len(after)
	synced := random.IntN(2) == 0 // the pages; the meta page is being written
	if !synced && random.IntN(2) == 0 {
		length = len(before)
	}
	disk := make([]byte, length)
	copy(disk, before)
	for at := 0; at < length; at += sector {
		meta := at < metas
		if !meta && synced || meta == synced && random.IntN(2) == 0 {
			copy(disk[at:at+sector], after[at:])
		}
	}
	return disk
}

// TestPowerCuts opens the ledger after 1,000 power cuts: it holds all that was written before, and of the commit that was
// cut all or nothing.
func TestPowerCuts(t *testing.T) {
	moments := history(t, 60)
	dir := t.TempDir()
	whole := 0
	for seed := range 1000 {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		i := random.IntN(len(moments) - 1)
		before, after := moments[i], moments[i+1]
		path := filepath.Join(dir, FileName)
		if err := os.WriteFile(path, cut(random, before.file, after.file), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got := all(t, s)
		switch {
		case s.SetAside() != "":
			t.Errorf("seed %d: the file was set aside", seed)
		case maps.Equal(got, after.values):
			whole++
		case !maps.Equal(got, before.values):
			t.Errorf("seed %d: neither the commit before nor the one that was cut", seed)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if whole == 0 || whole == 1000 {
		t.Errorf("%d of 1000 cuts came after the commit: the test cuts at one place only", whole)
	}
}

func all(t *testing.T, s *Store) map[string]string {
	t.Helper()
	values := map[string]string{}
	for e, err := range s.List(ledger.Streams, "") {
		if err != nil {
			t.Fatal(err)
		}
		values[e.Name] = string(e.Value)
	}
	return values
}
