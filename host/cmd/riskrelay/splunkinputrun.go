package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/modularinput"
	"github.com/riskrelay/riskrelay/host/view"
)

// inputPause is how long an input that failed waits before it ends: with interval = 0 splunkd starts it again at once.
const inputPause = 30 * time.Second

// runInput runs an input until splunkd ends it.
func runInput(ctx context.Context, s streams) error {
	// When splunkd is gone nobody reads the log, and what was read shall be delivered all the same. Ignored signals would stay
	// ignored in rule modules; caught ones don't.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	log := view.NewSplunkdLog(s.err, "", s.secrets.Clean)
	in, err := modularinput.ReadRun(s.in)
	if err != nil { // this isn't splunkd
		log.Error(err)
		return &exitError{code: exitConfig}
	}
	s.secrets.Hold("splunkd's session key", in.SessionKey)
	for _, remark := range in.Misspelt() {
		log.Warn(remark)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	err = moveInput(ctx, end, s, in)
	switch {
	case ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)):
		return nil
	case err != nil:
		log.Error(err)
		select {
		case <-time.After(inputPause):
		case <-ctx.Done():
		}
		return &exitError{code: exitCodeOf(err)}
	}
	log.Info("the files were read to their end, and there is no workspace: nothing is done until splunkd ends this input")
	<-ctx.Done()
	return nil
}

// moveInput runs the host of an input. End ends ctx.
func moveInput(ctx context.Context, end func(), s streams, in modularinput.Input) error {
	r, c, err := loadInput(s, in)
	if err != nil {
		return err
	}
	log := view.NewSplunkdLog(s.err, c.Log.Level, s.secrets.Clean)
	gone := parent{end: func(why string) { log.Info(why + ": ending"); end() }}
	gone.watchInput(s.in)
	if out, ok := view.Unescaped(s.out).(*os.File); ok {
		go gone.watchOutput(ctx, out)
	}
	r.options, r.began = host.Options{Log: log, Stdout: s.out, Guarded: true}, gone.began
	return r.run(ctx, c, s.secrets)
}

// parent notices that the program that started this one is gone.
type parent struct {
	end   func(why string)
	input chan struct{} // closed when standard input is
}

// watchInput reads what comes behind the configuration, to its end.
func (p *parent) watchInput(in io.Reader) {
	p.input = make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in) // an input that fails is as good as closed
		close(p.input)
	}()
}

// began is for when the host is there. Splunkd closes the input right behind the configuration, which has happened by then and
// means nothing. A parent that still keeps it open will close it when this input shall end, or when it dies.
func (p *parent) began() {
	select {
	case <-p.input:
	default:
		go func() {
			<-p.input
			p.end("standard input was closed")
		}()
	}
}
