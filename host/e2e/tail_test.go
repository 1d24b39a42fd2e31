//go:build linux

package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"sync"
	"testing"

	sinklog "github.com/riskrelay/riskrelay/host/sink/received"
)

// tail follows the file that a sink writes.
type tail struct {
	path string

	mu     sync.Mutex
	offset int64
	events sinklog.Log
}

// log is what the file holds so far.
func (f *tail) log(t testing.TB) *sinklog.Log {
	f.mu.Lock()
	defer f.mu.Unlock()
	file, err := os.Open(f.path)
	if err != nil {
		return &f.events // not there yet
	}
	defer file.Close()
	if _, err := file.Seek(f.offset, io.SeekStart); err != nil {
		t.Error(err)
	}
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return &f.events // an incomplete line is read the next time
		}
		var e struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("a line of the file sink: %v in %.100q", err, line)
		}
		f.events.Add(e.ID, line)
		f.offset += int64(len(line))
	}
}
