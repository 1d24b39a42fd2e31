// Command siem writes what SIEMs need that have no app of riskrelay's, from the tables' schema, the built-in rules, and the tables of names
// in this folder: an index template and an ingest pipeline for Elastic and for OpenSearch, properties and event mappings for QRadar.
//
// Read elastic.go first, then ecs.go for the names of the Elastic Common Schema, and qradar.go.
package main

//go:generate go run . ..

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/siem:", err)
		os.Exit(1)
	}
}

// run writes all files below the folder that the arguments name.
func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name the folder packaging: %q", args)
	}
	all, err := files(context.Background())
	if err != nil {
		return err
	}
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(args[0], name), content, 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
	}
	return nil
}

// files are the contents of all files, by their names below packaging.
func files(ctx context.Context) (map[string][]byte, error) {
	mappings, err := eventMappings(ctx)
	if err != nil {
		return nil, err
	}
	content := map[string]any{
		"elastic/index-template.json":    elastic().template(),
		"elastic/pipeline.json":          elastic().pipeline(),
		"opensearch/index-template.json": openSearch().template(),
		"opensearch/pipeline.json":       openSearch().pipeline(),
		"qradar/properties.json":         properties(),
		"qradar/event-mappings.json":     mappings,
	}
	all := map[string][]byte{}
	for name, value := range content {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = text.Bytes()
	}
	return all, nil
}
