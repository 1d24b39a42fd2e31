package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestCommandLine holds what the program takes for a call of splunkd: only its name in the add-on with splunkd's own arguments.
func TestCommandLine(t *testing.T) {
	const addon = "/opt/splunk/etc/apps/TA-riskrelay/linux_x86_64/bin/riskrelay_input"
	for line, want := range map[string]string{
		addon:                           "splunk-input",
		addon + " --scheme":             "splunk-input --scheme",
		addon + " --validate-arguments": "splunk-input --validate-arguments",
		addon + " status":               "status",
		addon + " run --once":           "run --once",
		addon + " --help":               "--help",
		"/usr/bin/riskrelay":            "",
		"riskrelay --scheme":            "--scheme",
	} {
		if got := commandLine(strings.Fields(line)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// TestInputWithoutSettings ends an input that splunkd has started and told nothing yet.
func TestInputWithoutSettings(t *testing.T) {
	in, splunkd := io.Pipe()
	defer splunkd.Close()
	for line, code := range map[string]int{"splunk-input": exitOK, "splunk-input --validate-arguments": exitConfig} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var out, errs strings.Builder
		if got := execute(ctx, strings.Fields(line), streams{in: in, out: &out, err: &errs}); got != code || errs.String() != "" {
			t.Errorf("%s: exit code %d\n%s%s", line, got, &out, &errs)
		}
	}
}
