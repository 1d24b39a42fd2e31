// Command fill puts what the app's searches find in events into its dashboards, for ../../draw to draw.
//
//	fill EVENTS OUT    EVENTS has an envelope of the collector a line, as `riskrelay demo` leaves them in events.ndjson
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/splunk/pictures/fill:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 { //nolint:mnd // as the usage says
		return errors.New("usage: fill EVENTS OUT, in the source's folder")
	}
	lines, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	golden, err := os.ReadFile("host/proof/testdata/summary.json")
	if err != nil {
		return err
	}
	app, err := replay.Read("packaging/splunk/riskrelay")
	if err != nil {
		return err
	}
	return fill(app, lines, golden, args[1])
}

func fill(app *replay.App, lines, golden []byte, out string) error {
	k, events, err := app.Replay(lines, golden)
	if err != nil {
		return err
	}
	for name, dashboard := range app.Views {
		if _, err := dashboard.Fill(k, events, replay.Tokens()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		text, err := json.Marshal(dashboard)
		if err == nil {
			err = os.WriteFile(filepath.Join(out, name+".json"), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
