//go:build linux

package e2e

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// program is a running riskrelay.
type program struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // good once exited is closed

	mu  sync.Mutex
	log []string
}

func (p *program) read(stderr io.Reader) {
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.mu.Unlock()
	}
}

func (p *program) says(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(strings.Join(p.log, "\n"), text)
}

// last is the end of its log.
func (p *program) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log[max(0, len(p.log)-10):], "\n")
}

func (p *program) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended, which Wait says

func (p *program) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// running reports whether it still runs.
func (p *program) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}
