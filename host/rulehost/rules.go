package rulehost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// Error says that rules didn't load.
type Error struct{ err error }

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the problems.
func (e *Error) Unwrap() error { return e.err }

// occasion says when to load a set of rules.
type occasion int

const (
	always occasion = iota
	ifChanged
)

// errSame says that the files are those that were looked at last.
var errSame = errors.New("the rule files are as they were")

// refresh loads the rules of the last configuration again if their files changed. The error is errSame if they didn't,
// and an *Error if the new set is refused.
func (m *Modules) refresh(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loadRules(ctx, ifChanged)
}

// loadRules reads, tests and swaps the rules. Events that are tagged meanwhile are judged by the old set as a whole or
// by the new one as a whole. The lock is held.
func (m *Modules) loadRules(ctx context.Context, when occasion) error {
	set, err := m.readRules()
	if err == nil {
		hash := hashOf(set)
		if when == ifChanged && hash == m.tried {
			return errSame
		}
		m.tried = hash
		if err = m.swap(ctx, set); err == nil {
			m.files = digests(set)
			m.noteRunning(ctx)
			m.stats.RulesLoaded(hash)
			m.warn()
			return nil
		}
	} else if reason := "unreadable: " + err.Error(); when == ifChanged && m.tried == reason {
		return errSame
	} else {
		m.tried = reason
	}
	if ctx.Err() != nil {
		return fmt.Errorf("load rules: %w", ctx.Err())
	}
	m.stats.RulesRefused(err)
	return &Error{err}
}

// checkRules reads the rules and finds what is wrong before processes are started. The error is an *Error.
func (m *Modules) checkRules(ctx context.Context) error {
	set, err := m.readRules()
	if err == nil {
		err = m.check(ctx, set)
	}
	if err != nil {
		return &Error{err}
	}
	return nil
}

// check compiles a set here where the CEL module is a process, which could only say what is wrong, not where.
func (m *Modules) check(ctx context.Context, set enrich.Config) error {
	if !m.began.Rules.Isolate {
		return nil
	}
	module := celrule.New()
	err := module.Configure(ctx, set)
	m.forgets = Forgetful(m.config, module)
	return err
}

// swap checks and tests a set and gives it to the CEL module.
func (m *Modules) swap(ctx context.Context, set enrich.Config) error {
	if err := m.check(ctx, set); err != nil {
		return err
	}
	if m.config.Rules.Selftest {
		if err := selftest(ctx, set, m.config.RuleOptions(), m.changed(set)); err != nil {
			return err
		}
	}
	return m.unlessDown(celName, m.cel.Configure(ctx, set))
}

// changed returns what tells whether a file isn't one of those at work. When one of those is gone, all others count as
// changed, as they may have used what stood in it.
func (m *Modules) changed(set enrich.Config) func(enrich.File) bool {
	now := digests(set)
	for name := range m.files {
		if _, there := now[name]; !there {
			return func(enrich.File) bool { return true }
		}
	}
	return func(f enrich.File) bool { return m.files[f.Name] != now[f.Name] }
}

// maxReads is how often files are read that change while they are read.
const maxReads = 10

// readRules reads all files until two readings in a row agree, as somebody may be replacing them one by one.
func (m *Modules) readRules() (enrich.Config, error) {
	before, options := "", m.config.RuleOptions()
	var err error
	if options.Informed, err = m.informed(); err != nil {
		return enrich.Config{}, err
	}
	for range maxReads {
		set, err := ruleset.Load(options)
		if err != nil {
			return set, err
		}
		hash := hashOf(set)
		if hash == before {
			return set, m.refuseOpen(options, set)
		}
		before = hash
	}
	return enrich.Config{}, errors.New("the rule files change while they are read")
}

// refuseOpen refuses a set of rules that others may change.
func (m *Modules) refuseOpen(o ruleset.Options, set enrich.Config) error {
	if !m.guarded {
		return nil
	}
	if err := Permissions(o, set).Err(); err != nil {
		return fmt.Errorf("others may change the rules (--insecure-permissions would take them all the same):\n%w", err)
	}
	return nil
}

// hashLength is enough to tell the rule sets of an installation apart.
const hashLength = 16

// hashOf identifies a set by the names and contents of all files and the settings.
func hashOf(set enrich.Config) string {
	var lines []string
	for name, d := range digests(set) {
		lines = append(lines, fmt.Sprintf("%q %s\n", name, d))
	}
	slices.Sort(lines)
	return digest([]byte(strings.Join(lines, "") + string(set.Settings)))[:hashLength]
}

func digests(set enrich.Config) map[string]string {
	out := make(map[string]string, len(set.Files))
	for _, f := range set.Files {
		out[f.Name] = digest(f.Data)
	}
	return out
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// warn logs what the CEL module accepted, but somebody should look at.
func (m *Modules) warn() {
	module, ok := m.cel.(*celrule.Module)
	if !ok {
		if m.forgets != "" {
			m.log.Warn(m.forgets)
		}
		return
	}
	for _, p := range module.Warnings() {
		m.log.WithFields(logrus.Fields{"place": p.Pos.String(), "code": p.Code}).Warn(p.Message)
	}
}
