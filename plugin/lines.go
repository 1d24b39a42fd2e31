package plugin

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"
)

// Bounds of what a module may write into the host's log.
const (
	maxLine       = 4 << 10 // bytes; what is longer is cut
	maxQuote      = 300     // bytes of a line that becomes part of an error
	moduleLogText = "module says"
)

// lines is a writer that makes each line a module writes an entry of the host's log, as far as talk lets it.
type lines struct {
	talk *talk

	mu      sync.Mutex
	rest    []byte // a line whose end has not come
	cut     bool   // the line is longer than rest holds
	latest  string
	panicky string // the first line of a Go panic, which says more than the last one
}

func newLines(talk *talk) *lines { return &lines{talk: talk} }

// Write takes a piece of output. It never fails.
func (l *lines) Write(piece []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(piece)
	for {
		i := bytes.IndexByte(piece, '\n')
		if i < 0 {
			l.add(piece)
			return n, nil
		}
		l.add(piece[:i])
		l.entry()
		piece = piece[i+1:]
	}
}

// flush ends a line that has no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entry()
}

// last is the line that says best how the module ended, "" when it wrote none.
func (l *lines) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.latest
	if l.panicky != "" {
		text = l.panicky
	}
	if len(text) > maxQuote {
		text = text[:maxQuote]
	}
	return valid(text)
}

func (l *lines) add(piece []byte) {
	room := maxLine - len(l.rest)
	l.cut = l.cut || len(piece) > room
	l.rest = append(l.rest, piece[:min(len(piece), room)]...)
}

func (l *lines) entry() {
	text := strings.TrimSpace(valid(string(l.rest)))
	if l.cut {
		text += " ..."
	}
	l.rest, l.cut = l.rest[:0], false
	if text == "" {
		return
	}
	level, message := levelOf(text)
	l.latest = message
	if l.panicky == "" && isPanic(text) {
		l.panicky = text
	}
	l.talk.say(level, message)
}

func isPanic(text string) bool {
	return strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
}

// levelOf reads the level and the message out of a line of JSON as hclog, slog and logrus write it; every other line is
// its own message.
func levelOf(text string) (logrus.Level, string) {
	if isPanic(text) {
		return logrus.ErrorLevel, text
	}
	var entry struct {
		HLevel   string `json:"@level"`
		HMessage string `json:"@message"`
		Level    string `json:"level"`
		Msg      string `json:"msg"`
	}
	if text[0] != '{' || json.Unmarshal([]byte(text), &entry) != nil {
		return logrus.InfoLevel, text
	}
	level, message := entry.HLevel+entry.Level, entry.HMessage+entry.Msg
	if message == "" {
		message = text
	}
	switch strings.ToLower(level) {
	case "trace", "debug":
		return logrus.DebugLevel, message
	case "warn", "warning":
		return logrus.WarnLevel, message
	case "error", "fatal", "panic":
		return logrus.ErrorLevel, message
	}
	return logrus.InfoLevel, message
}
