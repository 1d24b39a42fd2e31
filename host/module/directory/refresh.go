package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// State is how the reading of the directory goes.
type State struct {
	Parts []Part
	Bytes int // of what rules are told
}

// Part is one part of the context that comes from the directory.
type Part struct {
	Name    string    // as a context file calls it, such as "applications" or "lists.privileged_users"
	Objects int       // how many there were when it was read last
	Read    time.Time // when that was; zero for never
	Failed  string    // why the last try failed; "" when it didn't
	TooMany bool      // there are more than may be kept, so rules get none
}

// State is a copy of how the reading goes.
func (m *Module) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return State{Parts: slices.Clone(m.state.Parts), Bytes: m.state.Bytes}
}

// part is a Part with how it is read.
type part struct {
	Part
	read func(ctx context.Context, from reader, limit int) (int, error)
}

// retry is how long to wait after a round in which a part failed.
func retry() backoff.Policy { return backoff.Policy{Min: 30 * time.Second, Max: 15 * time.Minute} }

// round reads every part once, tells what is known then, and returns how long to wait for the next one.
func (r *reading) round(ctx context.Context) time.Duration {
	wait := r.config.Every
	for _, p := range r.parts {
		n, err := p.read(ctx, r.from, r.config.MaxObjects)
		if ctx.Err() != nil {
			return wait
		}
		r.note(p, n, err)
		if err != nil && !p.TooMany {
			wait = min(wait, r.pause(err))
		}
	}
	if wait == r.config.Every {
		r.failures = 0
	} else {
		r.failures++
	}
	r.tell()
	return wait
}

// pause is how long to wait after a failure.
func (r *reading) pause(err error) time.Duration {
	wait := retry().After(r.failures)
	if asked := new(graph.Error); errors.As(err, &asked) {
		wait = max(wait, asked.Wait)
	}
	return wait
}

// note keeps how the reading of a part went. The log hears of each change, not of each failure.
func (r *reading) note(p *part, n int, err error) {
	log := r.log.WithField("part", p.Name)
	tooMany := errors.Is(err, errTooMany)
	switch {
	case tooMany && !p.TooMany:
		log.Warnf("the directory has more than %d of these (directory.max_objects): rules get none of them, only the other parts", r.config.MaxObjects)
	case err != nil && !tooMany && p.Failed != err.Error():
		log.WithError(err).Warn("can't read the directory: what was good last is kept, and it is tried again")
	case err == nil && p.Failed != "":
		log.Info("the directory can be read again")
	}
	p.TooMany, p.Failed = tooMany, ""
	switch {
	case tooMany:
		p.Failed, p.Objects = err.Error(), 0
		r.data.forget(p.Name)
	case err != nil:
		p.Failed = err.Error()
	default:
		p.Objects, p.Read = n, time.Now()
	}
}

// tell publishes what is known.
func (r *reading) tell() {
	text, err := r.compose()
	if err != nil {
		r.log.WithError(err).Error("can't write down what the directory holds: what was good last is kept")
		return
	}
	parts := make([]Part, len(r.parts))
	for i, p := range r.parts {
		parts[i] = p.Part
	}
	r.mu.Lock()
	r.state = State{Parts: parts, Bytes: len(text)}
	r.mu.Unlock()
	r.publish(text)
}

// compose is what is known, as JSON. When it is longer than rules can be given, applications are left out.
func (r *reading) compose() ([]byte, error) {
	var d document
	for _, p := range r.parts {
		switch {
		case p.TooMany:
		case p.Read.IsZero():
			d.Awaited = append(d.Awaited, p.Name)
		case p.Name == partDomains:
			d.VerifiedDomains = r.data.domains
		case p.Name == partPrivileged:
			d.Lists = map[string][]string{"privileged_users": r.data.privileged}
		case p.Name == partApplications:
			all, err := r.data.applications()
			if err != nil {
				return nil, err
			}
			d.Applications = all
		}
	}
	text, err := json.Marshal(d)
	if err == nil && len(text) > maxDocument && d.Applications != nil {
		r.log.Warnf("the directory's applications are more than %d MB: rules get none of them, only the other parts", maxDocument>>20)
		d.Applications = nil
		text, err = json.Marshal(d)
	}
	if err != nil {
		return nil, fmt.Errorf("write the directory's document: %w", err)
	}
	return text, nil
}
