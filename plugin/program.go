package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/riskrelay/riskrelay/plugin/fence"
)

// program is one run of a module's program. It is a [runner.Runner], so that go-plugin starts it this way:
//
//   - in a process group of its own, which is killed as a whole: children of the module can't outlive it, and can't
//     keep anybody waiting at a pipe that they inherited;
//   - killed by the kernel when this process dies, on Linux, and told by the end of its standard input everywhere;
//   - with an environment of nothing but what was asked for, and a socket that lies where this process said.
type program struct {
	cmd       *exec.Cmd
	path      string // as messages name it
	socketDir string
	greeting  *greeting
	words     *lines // standard error
	started   func() // told of a start that worked; may be nil

	stdin, stderr *os.File      // this process's ends
	report        *os.File      // what is told about the fence; nil when there is none
	theirs        []*os.File    // the program's ends
	told          chan struct{} // closed once fence is known
	fence         []fence.Step
	done          chan struct{}
	once          sync.Once

	mu     sync.Mutex // guards the following, and the group's number against being given away while it is killed
	alive  bool
	killed bool  // by us
	exit   error // what Wait returned, once done is closed
}

var _ runner.Runner = (*program)(nil)

// newProgram prepares cmd, which has its path, arguments and environment.
func newProgram(cmd *exec.Cmd, path, socketDir string, words *lines) (*program, error) {
	p := &program{cmd: cmd, path: path, socketDir: socketDir, words: words, told: make(chan struct{}), done: make(chan struct{})}
	var stdout *os.File
	pipes := []struct {
		ours, theirs **os.File
		reads        bool // the program reads
	}{{&p.stdin, new(*os.File), true}, {&stdout, new(*os.File), false}, {&p.stderr, new(*os.File), false}}
	for _, pipe := range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			p.closePipes(stdout)
			return nil, fmt.Errorf("make a pipe: %w", err)
		}
		if *pipe.ours, *pipe.theirs = r, w; pipe.reads {
			*pipe.ours, *pipe.theirs = w, r
		}
		p.theirs = append(p.theirs, *pipe.theirs)
	}
	p.greeting = newGreeting(stdout)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.theirs[0], p.theirs[1], p.theirs[2]
	cmd.SysProcAttr = processAttributes()
	return p, nil
}

func (p *program) closePipes(more ...*os.File) {
	closeAll(append(append(more, p.stdin, p.stderr, p.report), p.theirs...)...)
}

// Start starts the program.
func (p *program) Start(context.Context) error {
	result := make(chan error)
	go p.watch(result)
	if err := <-result; err != nil {
		return err
	}
	if p.started != nil {
		p.started()
	}
	return nil
}

// lastWords is how long the output of a program that ended may still be read. A grandchild in a group of its own could
// hold the pipes open for ever.
const lastWords = 500 * time.Millisecond

// watch is the program's life, on a thread of its own: Linux kills a child when the thread that started it ends.
func (p *program) watch(result chan<- error) {
	unlock := lockThread()
	defer unlock()
	p.mu.Lock() // whoever asks what belongs to the program waits until that is known
	err := p.cmd.Start()
	p.alive = err == nil
	p.mu.Unlock()
	for _, f := range p.theirs {
		_ = f.Close()
	}
	if err != nil {
		p.closePipes(p.greeting.stdout)
		close(p.told)
		close(p.done)
		result <- err
		return
	}
	go p.hearFence() // until the program is executed, or ends
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		p.hear()
	}()
	result <- nil

	awaitExit(p.cmd.Process.Pid)
	p.mu.Lock()
	killGroup(p.cmd.Process.Pid)
	p.exit = p.cmd.Wait()
	p.alive = false
	p.mu.Unlock()

	_ = p.stderr.SetReadDeadline(time.Now().Add(lastWords))
	_ = p.greeting.stdout.SetReadDeadline(time.Now().Add(lastWords))
	<-heard
	<-p.told
	_ = p.stdin.Close()
	_ = p.stderr.Close()
	close(p.done)
}

// hear takes what the program says on standard error, until that ends or the time for its last words is over. On a busy
// machine that time may be over before anybody read: then what waits in the pipe is still taken.
func (p *program) hear() {
	_, err := io.Copy(p.words, p.stderr) // an error is an end, too
	if errors.Is(err, os.ErrDeadlineExceeded) {
		_ = p.stderr.SetReadDeadline(time.Now().Add(lastWords))
		_, _ = io.Copy(p.words, p.stderr)
	}
	p.words.flush()
}

// kill ends the program and everything in its group, and returns when it has ended.
func (p *program) kill() {
	p.mu.Lock()
	if p.alive {
		p.killed = true
		killGroup(p.cmd.Process.Pid)
	}
	p.mu.Unlock()
	<-p.done
}

// farewell is how long a program may take to end by itself when it is asked to.
const farewell = time.Second

// stop asks the program to end, by ending its standard input, and then makes it.
func (p *program) stop() {
	p.once.Do(func() { _ = p.stdin.Close() })
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
	p.kill()
}

// ended reports whether the program has ended.
func (p *program) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// obituary says how a program that has ended by itself did, and nil when it was killed from here.
func (p *program) obituary() error {
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	exit := new(exec.ExitError)
	if p.killed && errors.As(p.exit, &exit) && exit.ExitCode() < 0 { // it may have ended before the signal came
		return nil
	}
	how := "exit status 0"
	if p.exit != nil {
		how = p.exit.Error()
	}
	if last := p.words.last(); last != "" {
		return fmt.Errorf("its program ended (%s), saying %q", how, last)
	}
	return fmt.Errorf("its program ended (%s) without a word on standard error", how)
}

// Wait returns when the program has ended.
func (p *program) Wait(context.Context) error {
	<-p.done
	_ = p.greeting.Close()
	return p.exit
}

// Kill ends the program and its group.
func (p *program) Kill(context.Context) error {
	p.kill()
	return nil
}

// Stdout gives go-plugin the greeting and nothing else.
func (p *program) Stdout() io.ReadCloser { return p.greeting }

// Stderr is empty for go-plugin, because the program reads it itself.
func (p *program) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is the program's path.
func (p *program) Name() string { return p.path }

// ID is the process id.
func (p *program) ID() string {
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose has nothing to add: session explains failures.
func (p *program) Diagnose(context.Context) string { return "" }

// PluginToHost refuses an address that isn't a socket in the directory made for this run: a module can't send the host
// anywhere else.
func (p *program) PluginToHost(network, address string) (_, _ string, err error) {
	if network != "unix" || filepath.Dir(filepath.Clean(address)) != filepath.Clean(p.socketDir) {
		return "", "", fmt.Errorf("it offers the address %.80s %.200q instead of a Unix socket in PLUGIN_UNIX_SOCKET_DIR", network, address)
	}
	return network, address, nil
}

// HostToPlugin is never used: modules don't call back.
func (p *program) HostToPlugin(string, string) (_, _ string, err error) {
	return "", "", errors.New("modules can't call the host")
}
