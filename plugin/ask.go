package plugin

import (
	"context"
	"errors"

	"github.com/riskrelay/riskrelay/enrich"
)

// note settles what a call that failed means for those that follow.
func (p *Process) note(ctx context.Context, err error) {
	switch late := new(lateError); {
	case err == nil:
		p.worked()
	case errors.As(err, &late):
		p.timeouts.Add(1)
		p.trip(err, false)
	case held(err):
		p.timeouts.Add(1)
		p.trip(err, true)
	case ctx.Err() != nil:
		p.breaker.undecided()
	default:
		p.worked() // it answered, though it can't judge
	}
}

// errBusy says that somebody has the whole gate.
var errBusy = errors.New("the module is being started or configured")

// askAtOnce asks the run that there is, and returns errBusy when that takes waiting.
func (p *Process) askAtOnce(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if !p.gate.TryAcquire(1) {
		return nil, errBusy
	}
	defer p.gate.Release(1)
	ctx, leave := p.within(ctx)
	defer leave()
	return p.ask(ctx, events)
}

// askInTurn waits for the run, and asks it.
func (p *Process) askInTurn(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	ctx, release, err := p.enter(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer release()
	return p.ask(ctx, events)
}

// ask asks the run that there is. It needs a part of the gate.
func (p *Process) ask(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if p.run == nil || p.run.Over() {
		return nil, &lostError{errors.New("not running")}
	}
	return p.run.Tag(ctx, events)
}

// rescue judges events that were with a run that ended.
func (p *Process) rescue(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	ctx, release, err := p.enter(ctx, whole)
	if err != nil {
		p.note(ctx, err)
		return nil, err
	}
	defer release()
	return p.recover(ctx, events)
}

// within returns a context that also ends with the Process. leave must be called.
func (p *Process) within(ctx context.Context) (_ context.Context, leave func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.life, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// enter waits for a share of the gate. The context that it returns also ends with the Process; release must be called.
func (p *Process) enter(ctx context.Context, share int64) (_ context.Context, release func(), err error) {
	ctx, leave := p.within(ctx)
	if err := p.gate.Acquire(ctx, share); err != nil {
		err = context.Cause(ctx)
		leave()
		return ctx, nil, err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		p.gate.Release(share)
		leave()
		return ctx, nil, err
	}
	return ctx, func() { p.gate.Release(share); leave() }, nil
}
