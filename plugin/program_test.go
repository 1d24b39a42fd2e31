package plugin

import (
	"os"
	"testing"
	"time"
)

// TestWordsThatAreReadLate is about a machine so busy that nobody reads before the time for last words is over.
func TestWordsThatAreReadLate(t *testing.T) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close() // a daemon of the program holds it
	if _, err := theirs.WriteString("no licence\n"); err != nil {
		t.Fatal(err)
	}
	if err := ours.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	log, _ := logger()
	p := &program{words: newLines(newTalk(log)), stderr: ours}
	p.hear()
	if got := p.words.last(); got != "no licence" {
		t.Errorf("last words %q", got)
	}
}
