package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/e2e/smalldisk"
	"github.com/riskrelay/riskrelay/host/ledger"
)

func start(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s *Store, key, value string, revision uint64) uint64 {
	t.Helper()
	next, err := write(s, key, value, revision)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// write puts a record at a revision and returns the next one.
func write(s *Store, name, value string, revision uint64) (uint64, error) {
	revisions, err := s.Commit(ledger.Batch{Expect: map[ledger.Key]uint64{recordOf(name): revision}, Put: map[ledger.Key][]byte{recordOf(name): []byte(value)}})
	return revisions[recordOf(name)], err
}

func recordOf(name string) ledger.Key { return ledger.Key{Bucket: ledger.Streams, Name: name} }

// holds fails unless the key has the value, also for the next process.
func holds(t *testing.T, s *Store, dir, key, want string) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	got, err := start(t, dir).Get(recordOf(key))
	if err != nil || string(got.Value) != want {
		t.Errorf("%s: got %.40q, %v; want %.40q", key, got.Value, err, want)
	}
}

func TestARemovedDirectoryIsWrittenAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, dir)
	var told []string
	s.Told = func(what string) { told = append(told, what) }
	other, revision := put(t, s, "other", "kept", 0), put(t, s, "s", "one", 0)
	for range 3 {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		revision = put(t, s, "s", "next", revision)
	}
	if len(told) != 3 || !strings.Contains(told[0], "removed") {
		t.Errorf("told %q", told)
	}
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("the new file isn't locked: %v", err)
	}
	if _, err := write(s, "other", "", other-1); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("a second writer got %v", err)
	}
	holds(t, s, dir, "other", "kept")
}

func TestAReplacedFileIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	revision := put(t, s, "s", "mine", 0)
	if err := os.Remove(filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	theirs := start(t, dir)
	put(t, theirs, "s", "theirs", 0)
	if _, err := write(s, "s", "mine again", revision); !errors.Is(err, ErrReplaced) || !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("got %v", err)
	}
	holds(t, theirs, dir, "s", "theirs")
}

// TestAFileThatGotShorter cuts the file while it is in use: the one who writes has all in memory and goes on.
func TestAFileThatGotShorter(t *testing.T) {
	for _, size := range []int64{0, 100, 4096, 3 * 4096} {
		dir := t.TempDir()
		s := start(t, dir)
		var told []string
		s.Told = func(what string) { told = append(told, what) }
		revision := put(t, s, "s", strings.Repeat("x", 20_000), 0)
		if err := os.Truncate(filepath.Join(dir, FileName), size); err != nil {
			t.Fatal(err)
		}
		for try := 0; ; try++ {
			next, err := write(s, "s", "after", revision)
			if err == nil {
				revision = next
				break
			}
			if try == 3 {
				t.Fatalf("cut to %d: %v", size, err)
			}
		}
		put(t, s, "s", "last", revision)
		holds(t, s, dir, "s", "last")
		t.Logf("cut to %d: %q", size, told)
	}
}

// TestAFileThatIsOverwritten has rubbish written over each of the file's first pages while it is in use, and over all.
func TestAFileThatIsOverwritten(t *testing.T) {
	for page := range 8 {
		for _, removed := range []bool{false, true} {
			dir := t.TempDir()
			s := start(t, dir)
			revision := put(t, s, "s", strings.Repeat("x", 5000), 0)
			from, to := page*4096, page*4096+4096
			if page == 7 {
				from, to = 0, 7*4096
			}
			overwrite(t, filepath.Join(dir, FileName), from, to)
			if removed {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
			}
			for try := 0; ; try++ {
				next, err := write(s, "s", "after", revision)
				if err == nil {
					revision = next
					break
				}
				if try == 3 {
					t.Fatalf("page %d, removed %v: %v", page, removed, err)
				}
			}
			put(t, s, "s", "last", revision)
			holds(t, s, dir, "s", "last")
		}
	}
}

func overwrite(t *testing.T, path string, from, to int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(strings.Repeat("rubbish\xff", (to-from)/8)), int64(from)); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskIsWaitedFor(t *testing.T) {
	disk, err := smalldisk.New(t.TempDir(), 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	s := start(t, filepath.Join(disk.Dir, "data"))
	revision := uint64(0)
	for i := range 20 {
		if err := disk.Fill(); err != nil {
			t.Fatal(err)
		}
		// A commit may find room in the file's free pages for a while.
		var err error
		for n := 0; err == nil && n < 100; n++ {
			var next uint64
			if next, err = write(s, "s", strings.Repeat("x", 5000*(n+1)), revision); err == nil {
				revision = next
			}
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("fill %d: got %v", i, err)
		}
		if err := disk.Free(); err != nil {
			t.Fatal(err)
		}
		revision = put(t, s, "s", fmt.Sprint("fill ", i), revision)
	}
	holds(t, s, filepath.Join(disk.Dir, "data"), "s", "fill 19")
}

// TestAFailedWriteOpensTheFileAgain has the system refuse writes.
func TestAFailedWriteOpensTheFileAgain(t *testing.T) {
	dir, refuse := t.TempDir(), false
	opened := 0
	s, err := openWith(dir, func(path string, flag int, mode os.FileMode) (*os.File, error) {
		if opened++; refuse {
			flag = flag&^os.O_RDWR | os.O_RDONLY
		}
		return os.OpenFile(path, flag, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
	revision := put(t, s, "s", "one", 0)
	refuse, s.broken = true, true
	for range 3 {
		if _, err := write(s, "s", "two", revision); err == nil {
			t.Fatal("a write to a read-only file worked")
		}
	}
	refuse = false
	put(t, s, "s", "three", revision)
	if opened < 4 {
		t.Errorf("opened %d times only", opened)
	}
	holds(t, s, dir, "s", "three")
}

// TestAPutThatFailedAfterAll holds that a value that was written, though the Put failed, is no conflict for the one who
// wrote it, and that two such are.
func TestAPutThatFailedAfterAll(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	revision := put(t, s, "s", "one", 0)
	put(t, s, "s", "two", revision)
	s.known[recordOf("s")] = revision // as after a sync that failed behind the meta page
	put(t, s, "s", "three", revision)
	if _, err := write(s, "s", "four", revision); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("got %v", err)
	}
	s.known[recordOf("s")] = 0
	if _, err := write(s, "s", "four", 0); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("got %v", err)
	}
	holds(t, s, dir, "s", "three")
}

// TestTheFirstPutOfAProcessThatFailedAfterAll is no conflict for the one who wrote it either.
func TestTheFirstPutOfAProcessThatFailedAfterAll(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	k := recordOf("s")
	fails := ledger.Batch{Expect: map[ledger.Key]uint64{k: 0}, Put: map[ledger.Key][]byte{k: []byte("one"), {Bucket: "beside"}: nil}} // bbolt wants a name
	if _, err := s.Commit(fails); err == nil {
		t.Fatal("a value without a name was taken")
	}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(records()).Put([]byte("s"), []byte("\x00\x00\x00\x00\x00\x00\x00\x01one"))
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "s", "two", 0)
	holds(t, s, dir, "s", "two")
}

func TestANewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	mark := func(value []byte) []byte {
		t.Helper()
		err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("about")).Put([]byte("format"), value) })
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, FileName))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	before := mark(encodeFormat(format + 1))
	if _, err := Open(dir); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("got %v", err)
	}
	if _, err := Peek(dir); !errors.Is(err, ErrNewer) {
		t.Errorf("read only: got %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
	dir = t.TempDir()
	s = start(t, dir)
	mark([]byte("damaged")) // says nothing
	start(t, dir)
}

func TestAWastefulFileShrinks(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	revision := put(t, s, "s", "kept", 0)
	grow := func(s *Store) {
		t.Helper()
		put, keys := map[ledger.Key][]byte{}, []ledger.Key{}
		for i := range 400 {
			key := ledger.Key{Bucket: "big", Name: fmt.Sprint(i)}
			put[key], keys = make([]byte, 10_000), append(keys, key)
		}
		if _, err := s.Commit(ledger.Batch{Put: put}); err != nil {
			t.Fatal(err)
		}
		if _, after, err := s.Compact(); err != nil || after < 4_000_000 {
			t.Errorf("a full file: %d bytes, %v", after, err)
		}
		if _, err := s.Commit(ledger.Batch{Remove: keys}); err != nil {
			t.Fatal(err)
		}
	}
	grow(s)
	before, after, err := s.Compact()
	if err != nil || before < 4_000_000 || after > 200_000 {
		t.Errorf("from %d to %d bytes, %v", before, after, err)
	}
	revision = put(t, s, "s", "kept again", revision)
	grow(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, dir) // compacts
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || info.Size() > 200_000 {
		t.Errorf("after opening: %d bytes, %v", info.Size(), err)
	}
	put(t, s, "s", "last", revision)
	holds(t, s, dir, "s", "last")
}
