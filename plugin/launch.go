package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/backoff"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

// Options say which program is a module and how it is run. Only Path is needed.
type Options struct {
	// Path is the program's absolute path. There is no search.
	Path string
	// Args are its arguments, without its name.
	Args []string
	// SHA256 is the program's digest in hexadecimal. With it a sealed copy of the program runs, in which the path of
	// the file is known by its first argument only. Without it the program must not be writable for every user.
	SHA256 string
	// Env is the program's whole environment, as NAME=value; nothing is inherited.
	Env []string
	// Fence is what the program may have beside what every module needs. Without it there is no fence, and the program has
	// this process's user, files and network.
	Fence *fence.Options
	// Dir is where sockets are made, an absolute path of at most 60 bytes that only its owner may enter (0700). It is
	// made when it doesn't exist. When it is "", there will be one in the directory for temporary files until Close.
	Dir string
	// Name is what the host calls the module: Describe gives it instead of the module's own name. "" keeps that.
	Name string
	// Logger is told each line that the module writes, 20 a second at most over all its runs, and when it goes off and on;
	// nobody when it is nil.
	Logger logrus.FieldLogger
	// StartTimeout is how long the program may take to be ready, a minute when it is 0: a machine that boots is slow.
	StartTimeout time.Duration
	// TagTimeout is how long the module may take for one call with up to 512 events, 2 s when it is 0. Then the events go
	// on without its tags.
	TagTimeout time.Duration
	// MaxReply is how many bytes a reply may have, 8 MiB when it is 0.
	MaxReply int
	// Backoff is how long a module that failed stays down.
	Backoff backoff.Policy // zeros stand for 100 ms and 30 s

	talk    *talk
	running *atomic.Pointer[program] // what runs, or ran last
}

// New returns a module whose program is started by the first call, which should be Configure. When it can't be started,
// whatever the reason, it is tried again and again; see Process. Close must be called.
func New(o Options) *Process {
	o.setDefaults()
	l := &launcher{options: o}
	p := newProcess(l.start, o.Backoff, l.close)
	p.name, p.log, p.talk, p.running = o.Name, o.Logger, o.talk, o.running
	p.held = &heldError{max(maxHold, o.TagTimeout)}
	return p
}

// Launch starts a module and returns when it is ready to be configured. The context bounds the start only; Close must
// be called. The error says what is wrong with the options, the program or its greeting.
func Launch(ctx context.Context, o Options) (*Process, error) {
	p := New(o)
	if err := p.restart(ctx, nil); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// launcher starts the runs of one module. The gate of its Process guards it.
type launcher struct {
	options Options
	exe     *executable // nil until there is one that may be started
	own     string      // the directory for sockets, when it is to be removed
	ready   bool        // there is a directory for sockets
	started bool
}

// start starts a run. The program is looked for until there is one that may be started, and stays that one.
func (l *launcher) start(ctx context.Context) (_ run, about enrich.Description, err error) {
	o := &l.options
	if l.exe == nil {
		if l.exe, err = openExecutable(o.Path, o.SHA256); err != nil {
			l.exe = nil
			return nil, about, err
		}
	}
	if err = l.prepare(); err != nil {
		return nil, about, err
	}
	s, about, err := start(ctx, l.exe, o)
	if err != nil {
		return nil, about, err
	}
	if l.started {
		o.talk.warn("the module's program was started again")
	} else {
		warnOfGaps(o)
	}
	l.started = true
	return s, about, nil
}

// prepare makes sure that there is a directory for sockets, also when somebody has cleaned up among temporary files.
func (l *launcher) prepare() (err error) {
	if l.ready {
		if _, err = os.Stat(l.options.Dir); !errors.Is(err, fs.ErrNotExist) {
			return nil // whatever else is wrong with it, the start says
		}
		l.ready = false
		if l.own != "" {
			l.own, l.options.Dir = "", ""
		}
	}
	if l.own, err = l.options.prepareDir(); err == nil {
		l.ready = true
	}
	return err
}

func (l *launcher) close() {
	if l.exe != nil {
		l.exe.close()
	}
	removeAll(l.own)
	l.options.talk.close()
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = new(logrus.Logger) // at whose level no line is written
	}
	o.talk, o.running = newTalk(o.Logger), new(atomic.Pointer[program])
	setDefault(&o.StartTimeout, time.Minute)
	setDefault(&o.TagTimeout, 2*time.Second)
	setDefault(&o.MaxReply, 8<<20)
	setDefault(&o.Backoff.Min, 100*time.Millisecond)
	setDefault(&o.Backoff.Max, 30*time.Second)
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// maxDir leaves room for the names that go-plugin appends: the path of a Unix socket has at most 108 bytes.
// https://man7.org/linux/man-pages/man7/unix.7.html
const maxDir = 60

// prepareDir makes the directory for sockets, and returns it when it is to be removed at the end.
func (o *Options) prepareDir() (own string, err error) {
	if o.Dir == "" {
		if own, err = os.MkdirTemp("", "riskrelay-"); err != nil {
			return "", fmt.Errorf("make a directory for module sockets: %w", err)
		}
		o.Dir = own
	}
	if !filepath.IsAbs(o.Dir) || len(o.Dir) > maxDir {
		removeAll(own)
		return "", fmt.Errorf("directory %q for module sockets is not an absolute path of at most %d bytes", o.Dir, maxDir)
	}
	if err = os.Mkdir(o.Dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make a directory for module sockets: %w", err)
	}
	info, err := os.Stat(o.Dir)
	if err != nil {
		return "", fmt.Errorf("look at the directory for module sockets: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s for module sockets is open to other users (mode %v): run chmod 700 on it", o.Dir, info.Mode())
	}
	return own, nil
}
