package file

import (
	"bytes"
	"io"
)

// blockSize is how much of a file is read at once.
const blockSize = 256 << 10

// lines reads lines into memory that is never written again, so that rows can keep theirs without a copy.
type lines struct {
	from    io.Reader
	block   []byte // what was read; its rest up to the capacity is free
	at      int    // where the next line begins
	scanned int    // up to here there is no end of a line
	err     error  // of the reading
}

// next returns the next line with its line feed, the number of its bytes, and io.EOF with the last one. Of a line that is
// longer than MaxLine it returns a bit more than that.
func (l *lines) next() (line []byte, length int, err error) {
	var long []byte // the beginning of a line that is too long
	for {
		if i := bytes.IndexByte(l.block[l.scanned:], '\n'); i >= 0 {
			line = l.take(l.scanned + i + 1)
			return first(long, line), length + len(line), nil
		}
		if l.scanned = len(l.block); l.err != nil {
			line = l.take(len(l.block))
			return first(long, line), length + len(line), l.err
		}
		if len(l.block)-l.at > MaxLine {
			part := l.take(len(l.block))
			long, length = first(long, part), length+len(part)
		}
		l.fill()
	}
}

// take returns what is there up to end.
func (l *lines) take(end int) []byte {
	line := l.block[l.at:end:end]
	l.at, l.scanned = end, end
	return line
}

// first is a, or b where there is no a.
func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// maxEmptyReads is how many reads without a byte and without an error show that a reader is broken, as in [bufio].
const maxEmptyReads = 100

// fill reads some more.
func (l *lines) fill() {
	if len(l.block) == cap(l.block) {
		rest := l.block[l.at:]
		l.block = append(make([]byte, 0, max(blockSize, 2*len(rest))), rest...)
		l.at, l.scanned = 0, len(rest)
	}
	for range maxEmptyReads {
		n, err := l.from.Read(l.block[len(l.block):cap(l.block)])
		l.block, l.err = l.block[:len(l.block)+n], err
		if n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}

// buffered reports whether something is there that wasn't returned yet.
func (l *lines) buffered() bool { return l.at < len(l.block) }
