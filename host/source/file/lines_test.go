package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/riskrelay/riskrelay/enrich"
)

// chunks reads pieces of random length.
type chunks struct {
	from io.Reader
	rand *rand.Rand
}

func (c chunks) Read(p []byte) (int, error) {
	return c.from.Read(p[:min(len(p), 1+c.rand.IntN(1<<c.rand.IntN(20)))])
}

// ways are the ways in which a reader may hand out the same text.
func ways(r *rand.Rand) map[string]func(io.Reader) io.Reader {
	return map[string]func(io.Reader) io.Reader{
		"at once":    func(from io.Reader) io.Reader { return from },
		"by bytes":   iotest.OneByteReader,
		"by halves":  iotest.HalfReader,
		"end with":   iotest.DataErrReader,
		"by chance":  func(from io.Reader) io.Reader { return chunks{from, r} },
		"cut by end": func(from io.Reader) io.Reader { return iotest.DataErrReader(chunks{from, r}) },
	}
}

// idle gives nothing so many times before each read, and for ever behind the end.
type idle struct {
	from io.Reader
	rest int
	left int
}

func (i *idle) Read(p []byte) (int, error) {
	if i.left--; i.left >= 0 {
		return 0, nil
	}
	n, err := i.from.Read(p)
	if i.left = i.rest; err != nil {
		return n, nil // a broken reader hides its end
	}
	return n, nil
}

func TestLinesEndAtAReaderThatGivesNothing(t *testing.T) {
	for name, rest := range map[string]int{"always reads": 0, "reads late": maxEmptyReads - 1} {
		l := lines{from: &idle{from: iotest.HalfReader(strings.NewReader("one\ntwo")), rest: rest, left: rest}}
		if line, _, err := l.next(); string(line) != "one\n" || err != nil {
			t.Errorf("%s: %q, %v", name, line, err)
		}
		if line, length, err := l.next(); string(line) != "two" || length != 3 || !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("%s: %q, %d bytes, %v; want the rest and %v", name, line, length, err, io.ErrNoProgress)
		}
	}
}

func TestLinesAreThoseOfBufio(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var text []byte
	for _, n := range []int{0, 1, blockSize - 2, blockSize - 1, blockSize, blockSize + 1, 3 * blockSize, 0, 5, 2*blockSize - 9} {
		text = append(append(text, bytes.Repeat([]byte{byte('a' + n%26)}, n)...), '\n')
		for range r.IntN(500) {
			text = append(append(text, bytes.Repeat([]byte{byte('a' + r.IntN(26))}, r.IntN(1000))...), "\r\n"...)
		}
	}
	for _, end := range []string{"", "no line feed"} {
		text := append(text[:len(text):len(text)], end...)
		for name, way := range ways(r) {
			want, got := bufio.NewReader(bytes.NewReader(text)), lines{from: way(bytes.NewReader(text))}
			var kept, wanted [][]byte // looked at in the end: none may change another
			for {
				line, err := want.ReadBytes('\n')
				mine, length, mineErr := got.next()
				if !errors.Is(mineErr, err) || length != len(line) {
					t.Fatalf("%s: line %d: %d bytes, %v, want %d, %v", name, len(kept)+1, length, mineErr, len(line), err)
				}
				kept, wanted = append(kept, mine), append(wanted, line)
				if err != nil {
					break
				}
			}
			for i := range kept {
				if !bytes.Equal(kept[i], wanted[i]) || cap(kept[i]) > len(kept[i]) {
					t.Fatalf("%s: line %d differs", name, i+1)
				}
			}
		}
	}
}

func TestALineThatIsTooLongTakesNoOtherWithIt(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	row := func(n int) string {
		return fmt.Sprintf(`{"Type":"T","N":"%s"}`, strings.Repeat("n", n-len(`{"Type":"T","N":""}`)))
	}
	text := "\uFEFF" + row(30) + "\r\n" + row(MaxLine) + "\n" + row(MaxLine+1) + "\n" + row(31) + "\n" + row(3*MaxLine) + "\n\n" + row(32)
	for name, way := range ways(r) {
		if name == "by bytes" {
			continue // it takes seconds
		}
		var bad []string
		reader := NewReader(way(strings.NewReader(text)), "-", func(e *LineError) error {
			bad = append(bad, fmt.Sprintf("%d %d %d", e.Line, e.Offset, len(e.Text)))
			return nil
		})
		var sizes []int
		for {
			events, err := reader.Next()
			for i := range events {
				sizes = append(sizes, len(events[i].AppendFields(nil))+2)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, want := fmt.Sprint(sizes), fmt.Sprint([]int{30, MaxLine, 31, 32}); got != want {
			t.Errorf("%s: rows of %s bytes, want %s", name, got, want)
		}
		first := int64(3 + 32 + MaxLine + 1)
		want := fmt.Sprintf("[3 %d %d 5 %d %d]", first, shownOfLong, first+MaxLine+2+32, shownOfLong)
		if got := fmt.Sprint(bad); got != want || reader.Offset() != int64(len(text)) {
			t.Errorf("%s: bad lines %s, want %s; read to %d of %d", name, got, want, reader.Offset(), len(text))
		}
	}
}

// Rows keep the memory that they were read into.
func TestEarlierRowsStayAsTheyWereRead(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var want []string
	for i := range 5000 {
		want = append(want, fmt.Sprintf(`{"Type":"T","N":%d,"Text":"%s"}`, i, strings.Repeat("x\xff"[:1+i%2], r.IntN(900))))
	}
	for name, way := range ways(r) {
		reader := NewReader(way(strings.NewReader(strings.Join(want, "\n"))), "-", func(e *LineError) error { return e })
		var all []enrich.Event
		for {
			events, err := reader.Next()
			if all = append(all, events...); err != nil {
				break
			}
		}
		if len(all) != len(want) {
			t.Fatalf("%s: %d rows", name, len(all))
		}
		for i := range all {
			if got := "{" + string(all[i].AppendFields(nil)) + "}"; got != strings.ToValidUTF8(want[i], "\uFFFD") {
				t.Fatalf("%s: row %d is %.200s", name, i, got)
			}
		}
	}
}
