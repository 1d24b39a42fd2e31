package shape

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits bound what a file may ask for. Zero fields stand for those of DefaultLimits.
type Limits struct {
	Record int   // bytes of one record
	Free   int64 // bytes that a packed file may become without a look at how much it was packed
	Ratio  int64 // how many times its packed size it may become beyond that
	Files  int   // in a zip
}

// DefaultLimits leave room for whatever Azure writes: its logs pack to about a twentieth, and Log Analytics has rows of 1 MB.
func DefaultLimits() Limits {
	return Limits{Record: 16 << 20, Free: 256 << 20, Ratio: 200, Files: 10_000}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Record > 0 {
		d.Record = l.Record
	}
	if l.Free > 0 {
		d.Free = l.Free
	}
	if l.Ratio > 0 {
		d.Ratio = l.Ratio
	}
	if l.Files > 0 {
		d.Files = l.Files
	}
	return d
}

// PackedError says that a packed file isn't read further.
type PackedError struct{ Reason string }

// Error is the reason.
func (e *PackedError) Error() string { return e.Reason }

// counter counts what is read.
type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// unpacked is what a packed stream holds, as far as it is believable.
type unpacked struct {
	from   io.Reader
	packed func() int64 // how many bytes were read so far
	n      int64
	limits Limits
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.n += int64(n)
	if u.n > u.limits.Free && u.n/u.limits.Ratio > u.packed() {
		return 0, &PackedError{fmt.Sprintf("it becomes more than %d times as large when unpacked: no log does, so it isn't read further", u.limits.Ratio)}
	}
	return n, err
}

// The beginnings of packed files: RFC 1952 (2.3.1), and APPNOTE.TXT: that of a file in a zip (4.3.7), or of the list of none (4.3.16).
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zipMagic  = []byte("PK\x03\x04")
	emptyZip  = []byte("PK\x05\x06")
)

// part is one file: the one that was opened, or one in it.
type part struct {
	from   io.Reader
	name   string // in a zip, "" otherwise
	packed string // how, for people
	mark   int    // bytes before its text, of a byte order mark
}

// sized is a file that can be read at any place, which a zip needs: its list of files stands at its end.
type sized interface {
	io.Reader
	io.ReaderAt
	Size() int64
}

// parts are the files in r. Only a zip has several.
func parts(r io.Reader, l Limits) (list []func() (part, error), err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(len(zipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(head, zipMagic) && !bytes.Equal(head, emptyZip) {
		return []func() (part, error){func() (part, error) { return unzipped(in, l) }}, nil
	}
	size, at := seekable(r)
	if at == nil {
		return nil, &PackedError{"a zip can't be read from a pipe, as its list of files stands at its end: name the file, or unpack it"}
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		return nil, &PackedError{fmt.Sprintf("read the zip: %v", err)}
	}
	if len(z.File) > l.Files {
		return nil, &PackedError{fmt.Sprintf("the zip has %d files, and at most %d are read", len(z.File), l.Files)}
	}
	for _, f := range z.File {
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		list = append(list, func() (part, error) { return zipped(f, l) })
	}
	return list, nil
}

// seekable is r as a file that can be read at any place, and its size; nil when it can't.
func seekable(r io.Reader) (size int64, at io.ReaderAt) {
	if s, ok := r.(sized); ok {
		return s.Size(), s
	}
	f, ok := r.(interface {
		io.ReaderAt
		Stat() (fs.FileInfo, error)
	})
	if !ok {
		return 0, nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, nil
	}
	return info.Size(), f
}

// zipped opens a file of a zip. Its name is only shown.
func zipped(f *zip.File, l Limits) (part, error) {
	const encrypted = 0x1
	if f.Flags&encrypted != 0 {
		return part{}, &PackedError{fmt.Sprintf("%q in the zip needs a password: unpack it", f.Name)}
	}
	from, err := f.Open()
	if err != nil {
		return part{}, &PackedError{fmt.Sprintf("read %q in the zip: %v", f.Name, err)}
	}
	size := int64(f.CompressedSize64)
	p, err := unzipped(bufio.NewReaderSize(&unpacked{from: from, packed: func() int64 { return size }, limits: l}, 64<<10), l)
	p.name, p.packed = f.Name, strings.TrimSuffix("zip, "+p.packed, ", ")
	return p, err
}

// unzipped undoes gzip and UTF-16.
func unzipped(in *bufio.Reader, l Limits) (part, error) {
	p := part{from: in}
	if head, _ := in.Peek(len(gzipMagic)); bytes.Equal(head, gzipMagic) {
		packed := &counter{from: in}
		z, err := gzip.NewReader(packed)
		if err != nil {
			return p, &PackedError{fmt.Sprintf("read the gzip: %v", err)}
		}
		in = bufio.NewReaderSize(&unpacked{from: z, packed: func() int64 { return packed.n }, limits: l}, 64<<10)
		p.from, p.packed = in, "gzip"
	}
	head, _ := in.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		p.mark = 3
		_, _ = in.Discard(p.mark) // they were seen
	case isUTF16(head, 0, 1):
		p.from, p.packed = &fromUTF16{from: in, low: 0}, strings.TrimPrefix(p.packed+", UTF-16", ", ")
	case isUTF16(head, 1, 0):
		p.from, p.packed = &fromUTF16{from: in, low: 1}, strings.TrimPrefix(p.packed+", UTF-16", ", ")
	}
	return p, nil
}

// isUTF16 reports whether text is UTF-16 whose lower bytes stand at low of each two: it begins with U+FEFF, or with two ASCII letters.
func isUTF16(head []byte, low, high int) bool {
	if len(head) >= 2 && head[low] == 0xFF && head[high] == 0xFE {
		return true
	}
	return len(head) == 4 && head[high] == 0 && head[high+2] == 0 && head[low] != 0 && head[low+2] != 0
}

// fromUTF16 is UTF-16 as UTF-8 (RFC 2781), without U+FEFF at the beginning.
type fromUTF16 struct {
	from *bufio.Reader
	low  int
	out  []byte // what wasn't taken yet
	high rune   // the first half of a pair
	any  bool
	err  error
}

func (u *fromUTF16) Read(p []byte) (int, error) {
	for len(u.out) == 0 && u.err == nil {
		u.fill()
	}
	n := copy(p, u.out)
	if u.out = u.out[n:]; n > 0 {
		return n, nil
	}
	return 0, u.err
}

func (u *fromUTF16) fill() {
	var two [2]byte
	u.out = u.out[:0]
	for len(u.out) < 32<<10 {
		if _, err := io.ReadFull(u.from, two[:]); err != nil {
			if u.high != 0 || errors.Is(err, io.ErrUnexpectedEOF) {
				u.out = utf8.AppendRune(u.out, utf8.RuneError)
				err = io.EOF
			}
			u.high, u.err = 0, err
			return
		}
		c := rune(two[u.low]) | rune(two[1-u.low])<<8
		if !u.any {
			if u.any = true; c == '\uFEFF' {
				continue
			}
		}
		u.add(c)
		if u.from.Buffered() == 0 {
			return // don't wait for more while there is something
		}
	}
}

// add adds a code unit.
func (u *fromUTF16) add(c rune) {
	high := u.high
	u.high = 0
	if high != 0 {
		if r := utf16.DecodeRune(high, c); r != utf8.RuneError {
			u.out = utf8.AppendRune(u.out, r)
			return
		}
		u.out = utf8.AppendRune(u.out, utf8.RuneError)
	}
	if c >= 0xD800 && c < 0xDC00 {
		u.high = c
		return
	}
	u.out = utf8.AppendRune(u.out, c) // half a pair becomes U+FFFD
}
