package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long a command may take to end after a signal. What it does on the disk outlives the end of the process at
// any moment, so that nothing is lost by not waiting longer.
const grace = 1500 * time.Millisecond

// firstSignal passes on the first signal that asks to end. A second one of the kind ends the program at once.
func firstSignal() <-chan os.Signal {
	all, first := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(all, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-all
		signal.Reset(s)
		first <- s
	}()
	return first
}

// lasts reports whether the command line is one that isn't ended after grace: run and splunk-input send what they have read, and a module ends
// with its host, which may need it until then, also when a service manager signals both.
func lasts(args []string) bool {
	c, _, err := newRoot(streams{}).Find(args)
	if err != nil {
		return false
	}
	for ; c.HasParent(); c = c.Parent() {
		if c.Name() == "run" || c.Name() == splunkInput || c.Name() == "module" {
			return true
		}
	}
	return false
}

// interruptible runs a command with a context that the first signal ends, and returns its exit code. A command that was
// interrupted has exitStopped, whatever came of it; one that lasts has it only after SIGINT, as SIGTERM is how a service
// ends well.
func interruptible(signals <-chan os.Signal, lasting bool, stderr io.Writer, command func(context.Context) int) (code int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan int, 1)
	go func() { ended <- command(ctx) }()
	var got os.Signal
	select {
	case code = <-ended:
		return code
	case got = <-signals:
	}
	cancel()
	if lasting {
		if code = <-ended; code == exitOK && got == os.Interrupt {
			return exitStopped
		}
		return code
	}
	select {
	case <-ended:
	case <-time.After(grace):
		fmt.Fprintln(stderr, "riskrelay: interrupted") //nolint:errcheck // nobody is left to tell
	}
	return exitStopped
}
