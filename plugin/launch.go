package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
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
	// Logger is told each line that the module writes, nobody when it is nil.
	Logger logrus.FieldLogger
	// StartTimeout is how long the program may take to be ready, a minute when it is 0: a machine that boots is slow.
	StartTimeout time.Duration
	// TagTimeout is how long the module may take for one event, 2 s when it is 0. For each further event of a call
	// there is a fortieth more.
	TagTimeout time.Duration
	// MaxReply is how many bytes a reply may have, 8 MiB when it is 0.
	MaxReply int
	// Backoff is how long a module that failed stays down.
	Backoff Backoff
}

// Backoff is the time between two starts of a module that fails: Min after the first failure, twice as much after each
// further one, but at most Max. Zeros stand for 100 ms and 30 s.
type Backoff struct{ Min, Max time.Duration }

// after is the time after so many failures before this one.
func (b Backoff) after(failures int) time.Duration {
	wait := b.Min << min(failures, 30)
	if wait <= 0 || wait > b.Max {
		return b.Max
	}
	return wait
}

// tagTime is how long a call with so many events may take.
func (o *Options) tagTime(events int) time.Duration {
	return o.TagTimeout + o.TagTimeout/40*time.Duration(events-1)
}

// Launch starts a module and returns when it is ready to be configured. The context bounds the start only; Close must
// be called. The error says what is wrong with the options, the program or its greeting.
func Launch(ctx context.Context, o Options) (*Process, error) {
	o.setDefaults()
	exe, err := openExecutable(o.Path, o.SHA256)
	if err != nil {
		return nil, err
	}
	own, err := o.prepareDir()
	if err != nil {
		exe.close()
		return nil, err
	}
	started := false // guarded by the gate of the Process
	begin := func(ctx context.Context) (run, enrich.Description, error) {
		s, about, err := start(ctx, exe, &o)
		if err != nil {
			return nil, about, err
		}
		if started {
			o.Logger.Warn("the module's program had ended: it was started again")
		}
		started = true
		return s, about, nil
	}
	p := newProcess(begin, o.Backoff, func() { exe.close(); removeAll(own) })
	p.exe = exe
	if err := p.restart(ctx, nil); err != nil {
		_ = p.Close()
		return nil, err
	}
	p.warn(&o)
	return p, nil
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		silent := logrus.New()
		silent.SetLevel(logrus.PanicLevel)
		o.Logger = silent
	}
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
