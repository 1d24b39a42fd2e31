package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/checkup"
)

// TestInterruptible sends signals to commands that end at once, after a while, or don't take notice.
func TestInterruptible(t *testing.T) {
	obedient := func(code int, after time.Duration) func(context.Context) int {
		return func(ctx context.Context) int {
			<-ctx.Done()
			time.Sleep(after)
			return code
		}
	}
	tests := []struct {
		name    string
		signal  os.Signal // nil for none
		lasting bool
		command func(context.Context) int
		code    int
		takes   time.Duration
		says    string
	}{
		{name: "no signal", command: func(context.Context) int { return exitFindings }, code: exitFindings},
		{name: "SIGTERM", signal: syscall.SIGTERM, command: obedient(exitRuntime, time.Second), code: exitStopped, takes: time.Second},
		{name: "SIGINT", signal: os.Interrupt, command: obedient(exitOK, 0), code: exitStopped},
		{name: "a command that doesn't end", signal: syscall.SIGTERM, command: obedient(exitOK, time.Hour), code: exitStopped, takes: grace, says: "interrupted"},
		{name: "run drains", signal: syscall.SIGTERM, lasting: true, command: obedient(exitOK, time.Minute), code: exitOK, takes: time.Minute},
		{name: "run fails to drain", signal: os.Interrupt, lasting: true, command: obedient(exitRuntime, 0), code: exitRuntime},
		{name: "run is interrupted", signal: os.Interrupt, lasting: true, command: obedient(exitOK, 0), code: exitStopped},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signals := make(chan os.Signal, 1)
				if test.signal != nil {
					signals <- test.signal
				}
				var stderr strings.Builder
				begin := time.Now()
				code := interruptible(signals, test.lasting, &stderr, test.command)
				if took := time.Since(begin); code != test.code || took != test.takes || !strings.Contains(stderr.String(), test.says) {
					t.Errorf("code %d after %v, and says %q", code, took, stderr.String())
				}
				time.Sleep(2 * time.Hour) // for the command that was left alone
			})
		})
	}
}

// TestLasts holds which commands may take as long as they need.
func TestLasts(t *testing.T) {
	for line, want := range map[string]bool{
		"run": true, "run --once -c x": true, "splunk-input": true, "module cel": true, "": false, "rules lint run": false, "tag run": false, "rules test x": false,
		"status --watch": false, "backfill --from 1h": false, "nonsense": false, "validate -c run": false,
	} {
		if got := lasts(strings.Fields(line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// TestInterruptedLoading holds that commands that load rules take notice of the end, and say so in a word.
func TestInterruptedLoading(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, line := range []string{"rules lint", "rules test", "rules coverage", "rules list", "tag", "rules bench --events ../../../enrich/celrule/testdata/none"} {
		var stderr strings.Builder
		code := execute(ended, strings.Fields(line), streams{in: strings.NewReader(""), out: io.Discard, err: &stderr})
		if code != exitStopped || stderr.String() != "riskrelay: interrupted\n" {
			t.Errorf("%s: exit code %d, %q", line, code, stderr.String())
		}
	}
}

// TestInterruptedCheck holds that what a check finds because it was ended isn't told as a problem of the network.
func TestInterruptedCheck(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		ctx, cancel := context.WithCancel(t.Context())
		var stdout strings.Builder
		found := checkup.Report{Of: "sink hec"}
		found.OK("tcp", "connected")
		ended := checkup.Report{Of: "sink other"}
		ended.Problem("tls", "look for a proxy", "%v", context.Canceled)
		err := showChecks(ctx, streams{out: &stdout}, format, func(show func(checkup.Report) error) error {
			if err := show(found); err != nil {
				return err
			}
			cancel()
			return show(ended)
		})
		if !errors.Is(err, context.Canceled) || strings.Contains(stdout.String(), "other") {
			t.Errorf("%s: %v, and prints %q", format, err, stdout.String())
		}
	}
}
