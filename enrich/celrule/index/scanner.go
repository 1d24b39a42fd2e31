package index

import (
	"bytes"
	"encoding/binary"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// scanner finds which of many words stand in a JSON text, whatever their case and however deep they stand in JSON in
// JSON. It may find too much, never too little.
//
// It looks at the text through windows of a few bytes and asks a bitmap whether a word has such a window, so that the
// number of words makes little difference. Long words have a window at each place modulo the stride, so that only
// every fourth place has to be looked at.
type scanner struct {
	words []word
	long  windows
	short windows
}

type word struct {
	text string // in lower case
	atom int32
}

// windows are windows of one size.
type windows struct {
	size, stride int
	mask         uint64
	shift        uint
	bits         []uint64
	at           map[uint64][]occurrence
}

// occurrence is where a word has a window.
type occurrence struct {
	word   int32
	offset int32
}

// Sizes of windows: words of 9 characters or more have four windows of 6 bytes, shorter ones one of 4.
const (
	longWindow  = 6
	longStride  = 4
	longWord    = longWindow + longStride - 1
	shortWindow = shortestWord
)

// foldMask makes letters of both cases alike, and some other characters that aren't.
const foldMask = 0x2020202020202020

func newScanner(words []word) *scanner {
	s := &scanner{words: words}
	s.long = newWindows(longWindow, longStride, words, func(n int) bool { return n >= longWord })
	s.short = newWindows(shortWindow, 1, words, func(n int) bool { return n < longWord })
	return s
}

func newWindows(size, stride int, words []word, fits func(length int) bool) windows {
	w := windows{size: size, stride: stride, mask: 1<<(8*size) - 1, at: map[uint64][]occurrence{}}
	common, own := map[uint64]int{}, 0
	for _, x := range words {
		if fits(len(x.text)) {
			own++
			for i := 0; i+size <= len(x.text); i++ {
				common[w.key(x.text[i:])]++
			}
		}
	}
	if own == 0 {
		return w
	}
	const bitsPerWord = 64
	log := uint(10)
	for 1<<log < bitsPerWord*own && log < 20 {
		log++
	}
	w.shift, w.bits = 64-log, make([]uint64, 1<<log/64)
	for i, x := range words {
		if fits(len(x.text)) {
			w.put(int32(i), x.text, common)
		}
	}
	return w
}

// put enters the windows of one word, at the place where they are least common.
func (w *windows) put(i int32, text string, common map[uint64]int) {
	best, least := 0, -1
	for start := 0; start+w.size+w.stride-1 <= len(text); start++ {
		sum := 0
		for k := range w.stride {
			sum += common[w.key(text[start+k:])]
		}
		if least < 0 || sum < least {
			best, least = start, sum
		}
	}
	for k := range w.stride {
		key := w.key(text[best+k:])
		w.at[key] = append(w.at[key], occurrence{i, int32(best + k)})
		h := hashed(key) >> w.shift
		w.bits[h/64] |= 1 << (h % 64)
	}
}

func (w *windows) key(text string) uint64 {
	var b [8]byte
	copy(b[:], text[:w.size])
	return (binary.LittleEndian.Uint64(b[:]) | foldMask) & w.mask
}

func hashed(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 } // Fibonacci hashing

// maxLevels is how often JSON may stand in a string: a cell, and a value in it that is decoded twice.
const maxLevels = 2 + 2*event.MaxNesting

// scan calls found with the atom of each word in text, more than once perhaps. It uses buf and returns it.
func (s *scanner) scan(text, buf []byte, found func(atom int32)) []byte {
	s.level(text, found)
	for range maxLevels {
		if !bytes.Contains(text, []byte(`\u`)) {
			break
		}
		start := len(buf)
		buf = unescaped(buf, text)
		text = buf[start:]
		s.level(text, found)
	}
	return buf[:0]
}

// level looks at one level of JSON in JSON.
func (s *scanner) level(text []byte, found func(atom int32)) {
	s.pass(text, found)
	if !event.IsASCII(text) && likeASCII(text) {
		s.pass(plainLetters(text), found)
	}
}

func (s *scanner) pass(text []byte, found func(atom int32)) {
	s.long.pass(s.words, text, found)
	s.short.pass(s.words, text, found)
}

func (w *windows) pass(words []word, text []byte, found func(atom int32)) {
	if w.bits == nil {
		return
	}
	i := 0
	for ; i+8 <= len(text); i += w.stride {
		key := (binary.LittleEndian.Uint64(text[i:]) | foldMask) & w.mask
		if h := hashed(key) >> w.shift; w.bits[h/64]&(1<<(h%64)) != 0 {
			w.check(words, text, i, key, found)
		}
	}
	var tail [8]byte
	for ; i+w.size <= len(text); i += w.stride {
		clear(tail[:])
		copy(tail[:], text[i:])
		w.check(words, text, i, (binary.LittleEndian.Uint64(tail[:])|foldMask)&w.mask, found)
	}
}

// check compares the words that have the window at i.
func (w *windows) check(words []word, text []byte, i int, key uint64, found func(atom int32)) {
	for _, o := range w.at[key] {
		x := words[o.word]
		start := i - int(o.offset)
		if end := start + len(x.text); start >= 0 && end <= len(text) && foldedEqual(text[start:end], x.text) {
			found(x.atom)
		}
	}
}

func foldedEqual(text []byte, word string) bool {
	for i, c := range text {
		if c|0x20 != word[i]|0x20 {
			return false
		}
	}
	return true
}

// unescaped appends text with its escapes decoded, as far as they are any.
func unescaped(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		var used int
		if dst, used = enrich.AppendUnescaped(dst, text[i:]); used == 0 {
			dst, used = append(dst, '\\'), 1
		}
		text = text[i+used:]
	}
}

// Letters outside of ASCII that are equal to one of ASCII in another case: the Kelvin sign, the long s, and the I with
// a dot, whose small letter begins with an i. https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt
const (
	kelvin = "\u212a"
	longS  = "\u017f"
	dotted = "\u0130"
)

func likeASCII(text []byte) bool {
	return bytes.Contains(text, []byte(kelvin)) || bytes.Contains(text, []byte(longS)) || bytes.Contains(text, []byte(dotted))
}

func plainLetters(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte(kelvin), []byte("k"))
	text = bytes.ReplaceAll(text, []byte(longS), []byte("s"))
	return bytes.ReplaceAll(text, []byte(dotted), []byte("i"))
}
