package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"go.etcd.io/bbolt"
)

// The layout of a file, in the machine's byte order, of which bbolt itself checks the meta pages only:
//
//	page     id u64, flags u16, count u16, overflow u32 (further pages that belong to it), elements, keys and values
//	branch   element: pos u32 (from the element on), key size u32, page u64
//	leaf     element: flags u32, pos u32, key size u32, value size u32
//	bucket   value: root page u64, sequence u64; with a root of 0 a leaf page follows
//
// https://github.com/etcd-io/bbolt/tree/v1.5.0/internal/common
const (
	pageHead    = 16
	elementSize = 16
	bucketHead  = 16

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketElement = 0x01
	// noFreelist stands for the page of the list of free pages where the file has none.
	noFreelist = math.MaxUint64
	// manyFree is the count of a list whose first element holds the count.
	manyFree = math.MaxUint16
	// metaRoot and metaFreelist are where a meta page names its root and its list of free pages, in bytes.
	metaRoot, metaFreelist = pageHead + 16, pageHead + 32
)

// checker looks at every page of a file, before bbolt does: bbolt follows damaged lengths and pages to memory that isn't
// there, in circles or to the end of memory, and its own Tx.Check does so in a goroutine where nothing can stop it.
type checker struct {
	file  io.ReaderAt
	size  int    // of a page, in bytes
	limit uint64 // pages from here on aren't in use
	seen  map[uint64]bool
}

// check fails with errDamaged unless the pages in use are sorted trees that share no page, and all others are free.
func check(db *bbolt.DB, file io.ReaderAt) error {
	return db.View(func(tx *bbolt.Tx) error {
		size := db.Info().PageSize
		c := &checker{file: file, size: size, limit: uint64(tx.Size()) / uint64(size), seen: map[uint64]bool{}}
		meta := make([]byte, metaFreelist+8)
		if _, err := file.ReadAt(meta, int64(tx.ID()%2)*int64(size)); err != nil {
			return fmt.Errorf("%w: read the meta page: %w", errDamaged, err)
		}
		if err := c.tree(number(meta[metaRoot:]), nil, nil, c.buckets); err != nil {
			return err
		}
		if err := c.free(number(meta[metaFreelist:])); err != nil {
			return err
		}
		for id := uint64(2); id < c.limit; id++ {
			if !c.seen[id] {
				return wrong(id, "it is neither in use nor free")
			}
		}
		return nil
	})
}

func number(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

func wrong(id uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d: %s", errDamaged, id, fmt.Sprintf(format, args...))
}

// take notes that a page is in use or free, and refuses one that was taken before.
func (c *checker) take(id uint64) error {
	if id < 2 || id >= c.limit {
		return wrong(id, "there is no such page")
	}
	if c.seen[id] {
		return wrong(id, "it is there twice")
	}
	c.seen[id] = true
	return nil
}

// page reads a page with those that belong to it.
func (c *checker) page(id uint64) ([]byte, error) {
	if err := c.take(id); err != nil {
		return nil, err
	}
	head := make([]byte, pageHead)
	if _, err := c.file.ReadAt(head, int64(id)*int64(c.size)); err != nil {
		return nil, wrong(id, "read it: %v", err)
	}
	if own := number(head); own != id {
		return nil, wrong(id, "it says that it is page %d", own)
	}
	more := uint64(binary.NativeEndian.Uint32(head[12:]))
	for i := range more {
		if err := c.take(id + 1 + i); err != nil {
			return nil, err
		}
	}
	page := make([]byte, (1+more)*uint64(c.size))
	if _, err := c.file.ReadAt(page, int64(id)*int64(c.size)); err != nil {
		return nil, wrong(id, "read it: %v", err)
	}
	return page, nil
}

func flags(page []byte) uint16 { return binary.NativeEndian.Uint16(page[8:]) }

func count(page []byte) int { return int(binary.NativeEndian.Uint16(page[10:])) }

// element is what a branch or leaf page says of a key.
type element struct {
	key, value []byte
	child      uint64 // of a branch
	bucket     bool
}

// elements are those of a page; their keys must ascend, from low on and before high, where these aren't nil.
func elements(id uint64, page, low, high []byte) ([]element, error) {
	if flags(page) != branchPage && flags(page) != leafPage {
		return nil, wrong(id, "it is of kind %#x", flags(page))
	}
	n := count(page)
	if pageHead+n*elementSize > len(page) {
		return nil, wrong(id, "%d elements don't fit", n)
	}
	list := make([]element, n)
	for i := range list {
		at := pageHead + i*elementSize
		e, ok := elementAt(page, at, flags(page) == leafPage)
		if !ok {
			return nil, wrong(id, "element %d reaches past its end", i)
		}
		unsorted := i > 0 && bytes.Compare(list[i-1].key, e.key) >= 0
		if unsorted || low != nil && bytes.Compare(e.key, low) < 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			return nil, wrong(id, "the key of element %d isn't in order", i)
		}
		list[i] = e
	}
	return list, nil
}

// elementAt is the element at an offset of a page; ok is false when its key or value isn't in the page.
func elementAt(page []byte, at int, leaf bool) (e element, ok bool) {
	word := func(i int) int { return int(binary.NativeEndian.Uint32(page[at+4*i:])) }
	var start, key, value int
	if leaf {
		e.bucket = word(0)&bucketElement != 0
		start, key, value = at+word(1), word(2), word(3)
	} else {
		e.child = number(page[at+8:])
		start, key = at+word(0), word(1)
	}
	if start+key+value > len(page) {
		return e, false
	}
	e.key, e.value = page[start:start+key], page[start+key:start+key+value]
	return e, true
}

// tree looks at the pages below id, whose keys must lie from low on and before high, and shows those of each leaf.
func (c *checker) tree(id uint64, low, high []byte, show func(leaf uint64, list []element) error) error {
	page, err := c.page(id)
	if err != nil {
		return err
	}
	list, err := elements(id, page, low, high)
	if err != nil {
		return err
	}
	if flags(page) == leafPage {
		return show(id, list)
	}
	if len(list) == 0 {
		return wrong(id, "it is a branch without children")
	}
	for i, e := range list {
		next := high
		if i+1 < len(list) {
			next = list[i+1].key
		}
		if err := c.tree(e.child, e.key, next, show); err != nil {
			return err
		}
	}
	return nil
}

// buckets looks at the buckets in a leaf page of the root, which holds nothing else. Small ones lie in their element.
func (c *checker) buckets(id uint64, list []element) error {
	for i, e := range list {
		if !e.bucket || len(e.value) < bucketHead {
			return wrong(id, "element %d is no bucket", i)
		}
		if root := number(e.value); root != 0 {
			if err := c.tree(root, nil, nil, values); err != nil {
				return err
			}
			continue
		}
		page := e.value[bucketHead:]
		if len(page) < pageHead || flags(page) != leafPage {
			return wrong(id, "the bucket in element %d has no leaf page", i)
		}
		inner, err := elements(id, page, nil, nil)
		if err != nil {
			return err
		}
		if err := values(id, inner); err != nil {
			return err
		}
	}
	return nil
}

// values refuses buckets within buckets: the ledger has none, and bbolt neither reads nor writes a value that looks like one.
func values(id uint64, list []element) error {
	for i, e := range list {
		if e.bucket {
			return wrong(id, "element %d is a bucket", i)
		}
	}
	return nil
}

// free looks at the list of free pages.
func (c *checker) free(id uint64) error {
	if id == noFreelist {
		return nil
	}
	page, err := c.page(id)
	if err != nil {
		return err
	}
	if flags(page) != freelistPage {
		return wrong(id, "it is of kind %#x, not the list of free pages", flags(page))
	}
	ids, n := page[pageHead:], uint64(count(page))
	if n == manyFree {
		n, ids = number(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return wrong(id, "%d free pages don't fit", n)
	}
	for i := range n {
		if err := c.take(number(ids[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
