package view

import (
	"slices"
	"testing"
)

func TestRunbookSteps(t *testing.T) {
	for name, c := range map[string]struct {
		runbook string
		want    []string
	}{
		"none":                {"", nil},
		"numbered":            {"1. Ask.\n2) Look.\n", []string{"Ask.", "Look."}},
		"a step of two lines": {"1. Ask\n   now.\n\n2. Look.", []string{"Ask now.", "Look."}},
		"without numbers":     {"Ask.\nLook.\n", []string{"Ask.", "Look."}},
		"a line before":       {"At once:\n1. Ask.\n", []string{"At once:", "Ask."}},
		"a number inside":     {"Wait for\n10 minutes.", []string{"Wait for", "10 minutes."}},
	} {
		if got := runbookSteps(c.runbook); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
