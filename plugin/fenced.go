package plugin

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/riskrelay/riskrelay/plugin/fence"
)

// program prepares a run with an environment and a directory for its socket, behind the fence when there is to be one.
func (e *executable) program(o *Options, env []string, socketDir string) (*program, error) {
	cmd := e.command(o.Args, env)
	fenced, report, err := enclose(cmd, o.Fence, socketDir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(socketDir))
	}
	p, err := newProgram(cmd, e.path, socketDir, newLines(o.talk))
	if err != nil {
		closeAll(fenced, report)
		return nil, errors.Join(err, os.RemoveAll(socketDir))
	}
	if report != nil {
		p.theirs = append(p.theirs, report)
	}
	p.report = fenced
	o.running.Store(p)
	return p, nil
}

// enclose puts a fence around cmd. What is told about it comes from ours; theirs is the program's end.
func enclose(cmd *exec.Cmd, o *fence.Options, socketDir string) (ours, theirs *os.File, err error) {
	if o == nil {
		return nil, nil, nil
	}
	if ours, theirs, err = os.Pipe(); err != nil {
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	if err := fence.Enclose(cmd, *o, socketDir, theirs); err != nil {
		closeAll(ours, theirs)
		return nil, nil, fmt.Errorf("fence the module: %w", err)
	}
	return ours, theirs, nil
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// Fence says step by step what the fence of the program that runs, or ran last, is. There is one step, which isn't on, when
// it has none.
func (p *Process) Fence() []fence.Step {
	if running := p.running.Load(); running != nil {
		return running.steps()
	}
	return fence.Off("the program was never started")
}

// steps waits until the program was executed, or has ended.
func (p *program) steps() []fence.Step {
	if p.report == nil {
		return fence.Off("there is none: the module has riskrelay's user, files and network")
	}
	<-p.told
	return p.fence
}

// hearFence takes what is told about the fence.
func (p *program) hearFence() {
	if p.report != nil {
		p.fence = fence.ReadReport(p.report)
		_ = p.report.Close()
	}
	close(p.told)
}

// Owns reports whether the process with that id is the module's program or was started by it: it is in its process group,
// which a fence lets nobody leave.
func (p *Process) Owns(pid int) bool {
	running := p.running.Load()
	return running != nil && running.owns(pid)
}

func (p *program) owns(pid int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive && inGroup(pid, p.cmd.Process.Pid)
}

// warnOfGaps logs the steps that aren't on, of the program that runs.
func warnOfGaps(o *Options) {
	for _, s := range o.running.Load().steps() {
		if !s.On {
			o.Logger.WithField("step", s.Name).Warnf("the module's fence has a gap: %s", s.Says)
		}
	}
}
