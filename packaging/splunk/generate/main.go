// Command generate writes the parts of the Splunk app that follow from something else. It runs in packaging/splunk.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/riskrelay/riskrelay/packaging/splunk"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/splunk/generate:", err)
		os.Exit(1)
	}
}

func run() error {
	files, err := splunk.Files(context.Background())
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // folders of the source
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil { //nolint:gosec // files of the source
			return err
		}
	}
	return nil
}
