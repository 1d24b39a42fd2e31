package rulehost

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain holds that nothing goes on in the background once a test is over.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
