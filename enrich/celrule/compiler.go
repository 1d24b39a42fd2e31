package celrule

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// compiler compiles rule files, and keeps what it compiled last: contexts and clocks change far more often than rules do, in a
// host with what modules know and in tests from one to the next.
type compiler struct {
	mu   sync.Mutex
	key  [sha256.Size]byte
	last *compiledRules // nil when there is nothing to use again
}

// compiledRules are the rules of all files, in no context yet. They don't change.
type compiledRules struct {
	lang     *compile.Language
	all      []compiledRule
	problems diag.Problems
	unused   diag.Problems // see Module.Idle
}

// compiledRule is a rule with what it is in each of its tables.
type compiledRule struct {
	rule   *compile.Rule
	tables []*compile.TableRule
}

// rules are the rules of the loader, whose settings have been read. Problems of the files stand in them; the error is that of ctx,
// or about the language itself.
func (c *compiler) rules(ctx context.Context, loader *rulefile.Loader) (*compiledRules, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := loader.Key()
	if c.last != nil && c.key == key {
		return c.last, nil
	}
	rules, err := compileRules(ctx, loader)
	if err == nil && loader.Reusable() {
		c.key, c.last = key, rules
	}
	return rules, err
}

func compileRules(ctx context.Context, loader *rulefile.Loader) (*compiledRules, error) {
	packs, _, problems := loader.Rules()
	lang, err := compile.NewLanguage(packs)
	if err != nil {
		return nil, err
	}
	out := &compiledRules{lang: lang, problems: append(problems, lang.AddMacros(packs)...)}
	for _, p := range packs {
		for i := range p.Rules {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("compile the rules: %w", ctx.Err())
			}
			rule, tables, found := lang.CompileRule(p, &p.Rules[i])
			out.problems = append(out.problems, found...)
			if rule != nil {
				out.all = append(out.all, compiledRule{rule, tables})
			}
		}
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("compile the rules: %w", ctx.Err())
	}
	out.unused = lang.Unused(packs)
	lang.Seal()
	return out, nil
}
