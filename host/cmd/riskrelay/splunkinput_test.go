package main

import (
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

// TestInputPath holds where a configuration lies that an input names.
func TestInputPath(t *testing.T) {
	dir := t.TempDir() // stands for $SPLUNK_HOME, and for the add-on
	for _, test := range []struct{ name, home, path, problem string }{
		{dir, "", dir, ""},
		{"$SPLUNK_HOME", dir, dir, ""},
		{"${SPLUNK_HOME}/.", dir, dir + "/.", ""},
		{".", "", dir, ""},
		{"$HOME", dir, "", "$HOME: no such file"},
		{"$SPLUNK_HOME/x", "", "", "there is no SPLUNK_HOME"},
		{"", dir, "", "name riskrelay's configuration"},
	} {
		path, err := inputPath(test.name, dir, test.home)
		if (err == nil) != (test.problem == "") || path != test.path || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%q in %q: %s, %v", test.name, test.home, path, err)
		}
	}
}
