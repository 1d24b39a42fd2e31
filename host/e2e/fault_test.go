//go:build linux

package e2e

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// fault is something that goes wrong while events are under way.
type fault struct {
	name string
	// arm, before the events come in, and strike, afterwards, do it; either may be nil. Strike returns when it is over and
	// the program is to recover.
	arm    func(r *rig)
	strike func(ctx context.Context, r *rig, events int)
	// refused is how many of the events the collector refuses for good.
	refused int
	// repeats says that the ledger may be lost: whatever came since the source's start comes again.
	repeats bool
	// often is how many times the fault comes for each time that others do.
	often int
}

// faults are those of the campaign.
func faults(stopped time.Duration) []fault {
	return []fault{
		{name: "kill -9", often: 10, strike: killed(func(*rig) {})},
		{name: "SIGTERM", strike: func(ctx context.Context, r *rig, events int) {
			r.part(ctx, events)
			r.program.signal(syscall.SIGTERM)
			r.restart()
		}},
		{name: "SIGSTOP and SIGCONT", strike: func(ctx context.Context, r *rig, events int) {
			r.part(ctx, events)
			r.program.signal(syscall.SIGSTOP)
			select {
			case <-time.After(stopped): // the pause is the fault
			case <-ctx.Done():
			}
			r.program.signal(syscall.SIGCONT)
		}},
		{name: "clock step of 10 minutes", arm: func(r *rig) { r.ahead.Add(int64(10 * time.Minute)) }},
		{name: "collector restarts", arm: cuts, strike: func(_ context.Context, r *rig, _ int) { r.hec.ForgetAcks() }},
		{name: "collector 503", arm: answers(hectest.Answer{Status: 503, Code: 9, Text: "Server is busy"})},
		{name: "collector 429", arm: answers(hectest.Answer{Status: 429, RetryAfter: "1", Body: "slow down"})},
		{name: "collector 413", arm: tooLarge},
		{name: "collector 400", refused: 3},
		{name: "syslog receiver dies", strike: func(ctx context.Context, r *rig, events int) {
			r.part(ctx, events)
			r.syslog.CutAll()
		}},
		{name: "service 429", arm: fails(loganalyticstest.Fault{Status: 429, RetryAfter: 1})},
		{name: "service 504", arm: fails(loganalyticstest.Fault{Status: 504})},
		{name: "service PartialError", arm: fails(loganalyticstest.Fault{Rows: 7})},
		{name: "service cuts the reply", arm: fails(loganalyticstest.Fault{Cut: 900})},
		{name: "disk full", refused: 3, arm: func(r *rig) {
			if err := r.disk.Fill(); err != nil {
				r.t.Fatal(err)
			}
		}, strike: func(ctx context.Context, r *rig, _ int) {
			err := poll(ctx, func() bool { return r.program.says("no space left on device") })
			if err != nil || !r.program.running() {
				r.t.Errorf("full disk: %v; running: %v", err, r.program.running())
			}
			if err := r.disk.Free(); err != nil {
				r.t.Fatal(err)
			}
		}},
		{name: "data_dir read-only", refused: 3, arm: func(r *rig) {
			// A write has to fail first: files that are open stay writable.
			if err := errors.Join(r.disk.Fill(), r.disk.Seal()); err != nil {
				r.t.Fatal(err)
			}
		}, strike: func(ctx context.Context, r *rig, _ int) {
			err := poll(ctx, func() bool { return r.program.says("read-only file system") })
			if err != nil || !r.program.running() {
				r.t.Errorf("read-only data_dir: %v; running: %v: %s", err, r.program.running(), r.program.last())
			}
			if err := errors.Join(r.disk.Unseal(), r.disk.Free()); err != nil {
				r.t.Fatal(err)
			}
		}},
		{name: "no file descriptors", arm: func(r *rig) {
			cuts(r) // so that it needs new connections
			r.descriptors(3)
		}, strike: func(ctx context.Context, r *rig, _ int) {
			r.syslog.CutAll()
			err := poll(ctx, func() bool { return r.program.says("too many open files") })
			if err != nil || !r.program.running() {
				r.t.Errorf("no descriptors: %v; running: %v: %s", err, r.program.running(), r.program.last())
			}
			r.descriptors(1024)
		}},
		{name: "bit flip in the ledger", repeats: true, strike: killed((*rig).flip)},
		{name: "rm -rf data_dir", strike: func(ctx context.Context, r *rig, events int) {
			r.part(ctx, events)
			if err := os.RemoveAll(r.data()); err != nil && !os.IsExist(err) {
				r.t.Logf("remove the directory: %v", err) // it is being written to
			}
		}},
	}
}

// killed kills the program while events are under way, and does something before it is started again.
func killed(then func(*rig)) func(context.Context, *rig, int) {
	return func(ctx context.Context, r *rig, events int) {
		r.part(ctx, events)
		r.program.kill()
		then(r)
		r.start()
	}
}

// descriptors sets how many files the program may have open; those that it has stay.
func (r *rig) descriptors(n uint64) {
	pid := r.program.cmd.Process.Pid
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		r.t.Fatal(err)
	}
	limit.Cur = min(n, limit.Max)
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		r.t.Fatal(err)
	}
}

// answers has the collector answer the next requests with a.
func answers(a hectest.Answer) func(*rig) {
	return func(r *rig) {
		left := make(chan struct{}, 3)
		for range cap(left) {
			left <- struct{}{}
		}
		f := func(hectest.Request) *hectest.Answer {
			select {
			case <-left:
				return &a
			default:
				return nil
			}
		}
		r.answer.Store(&f)
	}
}

// cuts has the collector take half of a request and break the connection.
func cuts(r *rig) {
	left := make(chan struct{}, 2)
	left <- struct{}{}
	left <- struct{}{}
	f := func(q hectest.Request) *hectest.Answer {
		select {
		case <-left:
			half := len(q.IDs) / 2
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, id := range q.IDs[:half] {
				if r.poison[id] {
					half = 0
				}
			}
			return &hectest.Answer{Taken: half, Cut: true}
		default:
			return nil
		}
	}
	r.answer.Store(&f)
}

// tooLarge has the collector take requests of up to 50 events only.
func tooLarge(r *rig) {
	f := func(q hectest.Request) *hectest.Answer {
		if len(q.IDs) > 50 {
			return &hectest.Answer{Status: 413, Body: "too large"}
		}
		return nil
	}
	r.answer.Store(&f)
}

// fails has the workspace's next queries fail, those of both tables.
func fails(f loganalyticstest.Fault) func(*rig) {
	return func(r *rig) { r.workspace.Fail(f, f, f, f) }
}

// dies is the death of the program at a point, at the given time that it gets there.
func dies(at failpoint.Point, times string) fault {
	f := fault{name: string(at), arm: func(r *rig) {
		r.program.signal(syscall.SIGTERM)
		<-r.program.exited
		if at == failpoint.WindowUncut || at == failpoint.WindowCut {
			fails(loganalyticstest.Fault{Rows: 7})(r)
		}
	}}
	if at == failpoint.LettersRefused || at == failpoint.LettersKept {
		f.refused = 40
	}
	f.strike = func(ctx context.Context, r *rig, events int) {
		r.start(failpoint.Variable + "=" + times + " " + string(at))
		if at == failpoint.SeenUnsaved || at == failpoint.SeenSaved { // saved at the end
			// Every second row is of AuditLogs, and only these leave something to save.
			hec, _ := r.due()
			some := func() bool { return r.hec.Events.Len() > hec-events/2 || !r.program.running() }
			if err := poll(ctx, some); err != nil {
				r.t.Errorf("%s: no row of AuditLogs came: %v: %s", at, err, r.program.last())
			}
			r.program.signal(syscall.SIGTERM)
		}
		select {
		case <-r.program.exited:
		case <-ctx.Done():
			r.program.kill()
			r.t.Errorf("%s, time %s: never reached: %s", at, times, r.program.last())
		}
		if status, ok := r.program.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
			r.t.Errorf("%s, time %s: not reached, the program ended by itself: %s", at, times, r.program.last())
		}
		r.start()
	}
	return f
}
