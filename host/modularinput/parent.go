package modularinput

import (
	"context"
	"io"
	"os"
)

// Parent notices that splunkd is gone.
type Parent struct {
	end   func(why string)
	input chan struct{} // closed when standard input is
}

// Watch reads what comes behind the settings on standard input, to its end, and looks whether somebody reads standard output, until
// ctx ends. End is called when splunkd is gone, perhaps for each sign of it. Out is nil where it is no file.
func Watch(ctx context.Context, in io.Reader, out *os.File, end func(why string)) *Parent {
	p := &Parent{end: end, input: make(chan struct{})}
	go func() {
		_, _ = io.Copy(io.Discard, in) // an input that fails is as good as closed
		close(p.input)
	}()
	if out != nil {
		go p.watchOutput(ctx, out)
	}
	return p
}

// Began is for when the work begins. Splunkd closes the input right behind the settings, which has happened by then and
// means nothing. A parent that still keeps it open will close it when this input shall end, or when it dies.
func (p *Parent) Began() {
	select {
	case <-p.input:
	default:
		go func() {
			<-p.input
			p.end("standard input was closed")
		}()
	}
}
