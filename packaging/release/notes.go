package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// heading is how https://keepachangelog.com writes a version: `## [1.2.3] - 2026-12-31`, brackets or not.
var heading = regexp.MustCompile(`^## \[?([^\]\s]+)\]?(?: - ([0-9]{4}-[0-9]{2}-[0-9]{2}))?(?: \[YANKED\])?$`)

// notes prints the section of the version, without its heading.
func notes(file, version string, out io.Writer) error {
	changelog, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var known []string
	var section strings.Builder
	var inside, dated bool
	for line := range strings.Lines(string(changelog)) {
		if found := heading.FindStringSubmatch(strings.TrimRight(line, "\r\n")); found != nil {
			known = append(known, found[1])
			if inside = found[1] == version; inside {
				dated = found[2] != ""
			}
			continue
		}
		if inside {
			section.WriteString(line)
		}
	}
	text := strings.TrimSpace(section.String())
	switch {
	case text == "":
		err = fmt.Errorf("%s says nothing of %s: write a section `## [%s] - YYYY-MM-DD` before it is released; it has %s",
			file, version, version, strings.Join(known, ", "))
	case !dated:
		err = fmt.Errorf("%s doesn't say when %s was released: write `## [%s] - YYYY-MM-DD`", file, version, version)
	default:
		_, err = fmt.Fprintln(out, text)
		return err
	}
	return configError{err}
}
