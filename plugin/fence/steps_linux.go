package fence

import (
	"fmt"
	"strings"
)

// steps say what the fence is, from what was found while it was put up.
func (o *order) steps() []Step {
	steps := []Step{
		{"parent", true, "ends with riskrelay"},
		{"privileges", true, "has no capabilities, and gains none by what it executes"},
		{"descriptors", true, o.inherits()},
		{"limits", o.noLimits == nil, either(o.noLimits, o.Limits.String())},
		{"files", o.noLandlock == nil, either(o.noLandlock, o.files())},
		{"calls", o.noFilter == nil, either(o.noFilter, "makes only the system calls that are listed; changes no file's mode, owner, times or attributes")},
		o.signals(), o.network(), o.localSockets(),
	}
	for _, err := range o.unread {
		steps = append(steps, Step{"read", false, err.Error()})
	}
	return steps
}

func either(problem error, says string) string {
	if problem != nil {
		return problem.Error()
	}
	return says
}

func (o *order) inherits() string {
	if o.Keep > 2 {
		return "inherits standard input, output and error, and its own program, sealed"
	}
	return "inherits standard input, output and error"
}

func (o *order) files() string {
	also := ""
	if len(o.reads) > 0 {
		also = ", and " + strings.Join(o.reads, ", ")
	}
	return "reads the system's programs and libraries" + also + "; writes only where its socket is"
}

func (o *order) signals() Step {
	switch {
	case o.abi >= abiScopes:
		return Step{"signals", true, "signals only what it started"}
	case o.noFilter == nil:
		return Step{"signals", true, "signals only itself"}
	}
	return Step{"signals", false, o.needs(abiScopes)}
}

func (o *order) network() Step {
	const abi = 4
	switch {
	case o.Network && o.abi >= abi:
		return Step{"network", true, "connects to any machine, as network: true says; over TCP none connects to it"}
	case o.Network:
		return Step{"network", false, "connects to any machine, as network: true says, and may be connected to: " + o.needs(abi)}
	case o.noFilter != nil:
		return Step{"network", false, o.noFilter.Error()}
	}
	return Step{"network", true, "connects to no machine, and none to it"}
}

func (o *order) localSockets() Step {
	const abi = 9
	switch {
	case o.Network && o.abi >= abi, !o.Network && o.noFilter == nil:
		return Step{"sockets", true, "connects to no socket of this machine"}
	case o.Network:
		return Step{"sockets", false, "connects to sockets of this machine that riskrelay's user may use, but riskrelay's own, which refuses: " + o.needs(abi)}
	}
	return Step{"sockets", false, o.noFilter.Error()}
}

// needs says why a step that takes a version of Landlock isn't there.
func (o *order) needs(abi int) string {
	if o.noLandlock != nil {
		return o.noLandlock.Error()
	}
	return fmt.Sprintf("it needs version %d of Landlock's interface, and the kernel has %d", abi, o.abi)
}
