package shape

import (
	"bytes"
	"errors"
	"io"
)

// blockSize is how much is read at once.
const blockSize = 256 << 10

// block is a text that is read on demand, into memory that is never written again, so that rows can keep theirs without a copy.
type block struct {
	from io.Reader
	text []byte // what was read and not yet left behind
	at   int    // where reading goes on
	base int64  // the offset of text in the whole
	line int    // the number of line feeds before at
	err  error  // of the reading, at the end of text
}

// offset is where reading goes on in the whole.
func (b *block) offset() int64 { return b.base + int64(b.at) }

// more reads some more behind text; false at the end. Places in text stay, but those before at are gone.
func (b *block) more() bool {
	if b.err != nil {
		return false
	}
	if len(b.text) == cap(b.text) {
		rest := b.text[b.at:]
		b.base += int64(b.at)
		b.text = append(make([]byte, 0, max(blockSize, 2*len(rest))), rest...)
		b.at = 0
	}
	for range 100 { // as in bufio: a reader that gives nothing so often is broken
		n, err := b.from.Read(b.text[len(b.text):cap(b.text)])
		b.text, b.err = b.text[:len(b.text)+n], err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	b.err = io.ErrNoProgress
	return false
}

// failure is why there is no more, nil for the end.
func (b *block) failure() error {
	if b.err == nil || errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

// take returns the next n bytes.
func (b *block) take(n int) []byte {
	text := b.text[b.at : b.at+n : b.at+n]
	b.at += n
	b.line += bytes.Count(text, []byte{'\n'})
	return text
}

// peek is the byte behind white space, which is left behind; ok is false at the end.
func (b *block) peek() (c byte, ok bool) {
	for {
		for b.at < len(b.text) {
			if c = b.text[b.at]; !space(c) {
				return c, true
			}
			if b.at++; c == '\n' {
				b.line++
			}
		}
		if !b.more() {
			return 0, false
		}
	}
}

// until is the length of what stands before the end that find sees, and includes it. Find is told of the text and of a place from which
// on it wasn't looked at, and returns the end, or -1 and the place up to which it has looked. Limit bounds the length; what is longer is
// left behind up to its end, and only its beginning returned.
func (b *block) until(limit int, find func(text []byte, from int) (end, seen int)) (text []byte, long, whole bool) {
	var first []byte
	seen := 0
	for {
		end, looked := find(b.text[b.at:], seen)
		if end >= 0 {
			text = b.take(end)
			if first != nil {
				return first, true, true
			}
			return text, len(text) > limit, true
		}
		seen = looked
		if len(b.text)-b.at > limit && first == nil {
			first = b.text[b.at : b.at+limit+1 : b.at+limit+1]
		}
		if first != nil && seen > 0 { // what was looked at isn't needed
			b.take(seen)
			seen = 0
		}
		if !b.more() {
			text = b.take(len(b.text) - b.at)
			if first != nil {
				return first, true, false
			}
			return text, len(text) > limit, false
		}
	}
}
