package celrule

import (
	"strings"
	"testing"
)

// TestARuleIsOffByTheMonotonicClock checks that setting the machine's clock back neither keeps a rule off nor brings it back.
func TestARuleIsOffByTheMonotonicClock(t *testing.T) {
	var b breaker
	for range maxBreaches {
		b.breach()
	}
	// Only times with a monotonic reading show one: https://pkg.go.dev/time#Time.String
	if retry := b.retry.Load(); retry == nil || !strings.Contains(retry.String(), " m=") {
		t.Errorf("the rule is off until %v, by the clock that people set", retry)
	}
	if b.lets() {
		t.Error("the rule isn't off")
	}
	if !b.reset() || !b.lets() {
		t.Error("the rule isn't on again")
	}
}
