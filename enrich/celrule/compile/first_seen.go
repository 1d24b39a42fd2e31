package compile

import (
	"strings"
	"time"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// firstSeen tells new things from known ones, in the rules that have it.
type firstSeen struct {
	Key    []*Expression
	Window time.Duration
	Known  Step            // what is made of a match whose key was seen before
	Pinned map[string]bool // keys that the context says were seen; their values with "|" between
}

// The reasons that first_seen adds.
const (
	ReasonFirst = "first seen"
	ReasonKnown = "seen before"
)

// firstSeen compiles first_seen.
func (c *compiler) firstSeen(declared *rulefile.FirstSeen) *firstSeen {
	if declared == nil {
		return nil
	}
	out := &firstSeen{Window: declared.Window, Key: c.scalars(declared.Key, "a key of first_seen")}
	out.Known = Step{score: declared.Score, hasScore: declared.Score.Present(), Reason: ReasonKnown}
	out.Known.severity, _ = enrich.ParseSeverity(declared.Severity.Value) // absent or checked
	return out
}

// scalars compiles expressions that are one value each.
func (c *compiler) scalars(all []diag.Text, what string) (out []*Expression) {
	for _, one := range all {
		out = append(out, c.compile(whole(one), what, types.StringType, types.IntType, types.BoolType))
	}
	return out
}

// pin are the keys of a baseline of the context, folded as those of events are.
func pin(baseline map[string]bool) map[string]bool {
	folded := make(map[string]bool, len(baseline))
	for key := range baseline {
		folded[strings.ToLower(key)] = true
	}
	return folded
}
