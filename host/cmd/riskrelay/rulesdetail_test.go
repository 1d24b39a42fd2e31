package main

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

func TestShare(t *testing.T) {
	costs := []ruleCost{{PerNano: 300, Events: 1}, {PerNano: 50, Events: 2}, {}}
	if share(costs); costs[0].Share != 0.75 || costs[1].Share != 0.25 || costs[2].Share != 0 {
		t.Errorf("got %+v", costs)
	}
	nothing := []ruleCost{{}}
	if share(nothing); nothing[0].Share != 0 {
		t.Errorf("got %+v", nothing)
	}
}
