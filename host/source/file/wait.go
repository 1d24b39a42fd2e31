package file

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/riskrelay/riskrelay/enrich"
)

// Open opens a file of rows: a regular one, a device, or a named pipe, whose writer is waited for until ctx ends. A
// directory is an error.
func Open(ctx context.Context, path string) (*os.File, error) {
	f, err := awaited(ctx, func() (*os.File, error) { return os.Open(path) })
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		f.Close() //nolint:errcheck // nothing was read
		if err == nil {
			err = fmt.Errorf("%s is a directory", path)
		}
		return nil, err
	}
	return f, nil
}

// readOnce reports whether what is read from a file is gone then: a pipe, a terminal or another device of characters.
func readOnce(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0
}

// Await is [Reader.Next] that gives up waiting, with ctx's error, when ctx ends. The reader is of no use then.
func (r *Reader) Await(ctx context.Context) ([]enrich.Event, error) { return awaited(ctx, r.Next) }

// awaited is do, or the zero value and ctx's error when ctx ends before do does. A call of the system that waits for
// somebody else's writing can't be ended: it is left behind.
func awaited[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := do()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
