package plugin

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	log, text := logger()
	l := newLines(newTalk(log))
	for _, piece := range []string{
		"pla", "in\n\n", `{"@level":"warn","@message":"from hclog"}` + "\n" + `{"level":"ERROR","msg":"from slog"}` + "\r\n",
		`{"level":"debug","msg":"hidden"}` + "\n", "{no JSON}\n", "esc \x1b[31m \xff\n", strings.Repeat("x", 5000) + "\nend",
	} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	l.flush()
	want := []string{
		`level=info msg="module says" module_line=plain`,
		`level=warning msg="module says" module_line="from hclog"`,
		`level=error msg="module says" module_line="from slog"`,
		`level=info msg="module says" module_line="{no JSON}"`,
		`level=info msg="module says" module_line="esc \x1b[31m ` + "\uFFFD" + `"`,
		`level=info msg="module says" module_line="` + strings.Repeat("x", maxLine) + ` ..."`,
		`level=info msg="module says" module_line=end`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(text.String()), "\n")); diff != "" {
		t.Error(diff)
	}
}

// TestFloodOfLines holds that a flood is thinned out over all runs of a program, and that each line is in the log or counted.
func TestFloodOfLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, text := logger()
		talk := newTalk(log)
		for range 100 { // runs, each of which says much before it ends
			l := newLines(talk)
			if _, err := l.Write([]byte(strings.Repeat("again\n", 1000))); err != nil {
				t.Fatal(err)
			}
			l.flush()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * leftOutAfter)
		synctest.Wait()
		said := strings.Count(text.String(), "module_line=again")
		if most := linesAtOnce + linesASecond*10; said < linesAtOnce || said > most {
			t.Errorf("%d lines came through, the most is %d", said, most)
		}
		var left int
		for _, m := range regexp.MustCompile(`lines_left_out=(\d+)`).FindAllStringSubmatch(text.String(), -1) {
			n, _ := strconv.Atoi(m[1])
			left += n
		}
		if said+left != 100_000 || talk.total() != int64(left) {
			t.Errorf("%d lines came through and %d are said to be left out, %d counted", said, left, talk.total())
		}
		talk.close()
	})
}

func TestLastWords(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"one\ntwo\n", "two"},
		{"x\npanic: boom\n\ngoroutine 1 [running]:\nexit status 2\n", "panic: boom"},
		{"fatal error: out of memory\nstack\n", "fatal error: out of memory"},
		{strings.Repeat("é", 400), strings.Repeat("é", 150)},
		{`{"level":"error","msg":"no licence"}`, "no licence"},
	}
	for _, tt := range tests {
		log, _ := logger()
		l := newLines(newTalk(log))
		_, _ = l.Write([]byte(tt.text))
		l.flush()
		if got := l.last(); got != tt.want {
			t.Errorf("last words of %.40q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n{\"level\":\"info\"}\npanic: x"), 3)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		log, _ := logger()
		whole, parts := newLines(newTalk(log)), newLines(newTalk(log))
		_, _ = whole.Write(text)
		cut = max(0, min(cut, len(text)))
		_, _ = parts.Write(text[:cut])
		_, _ = parts.Write(text[cut:])
		whole.flush()
		parts.flush()
		if whole.last() != parts.last() {
			t.Errorf("%q in one piece, %q in two", whole.last(), parts.last())
		}
	})
}

func FuzzCheckGreeting(f *testing.F) {
	f.Add("1|1|unix|/tmp/s|grpc|" + strings.Repeat("A", 60))
	f.Add("1|1|tcp|x")
	f.Fuzz(func(t *testing.T, line string) {
		err := checkGreeting(line)
		if parts := strings.Split(line, "|"); err == nil && (len(parts) < 6 || parts[0] != "1" || parts[4] != "grpc") {
			t.Errorf("%q passed", line)
		} else if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%q makes an error of %d bytes", line, len(err.Error()))
		}
	})
}
