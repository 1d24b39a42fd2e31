package modularinput

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ConfigPath is the configuration that the input names: absolute, below home, which is $SPLUNK_HOME, or below the add-on's folder.
// Program is the path of the program, which is in ADD-ON/linux_x86_64/bin. The error says what to write, or that no file is there.
func (in Input) ConfigPath(program, home string) (string, error) {
	name := in.Settings[ConfigFile]
	if name == "" {
		return "", errors.New(ConfigFile + ": name riskrelay's configuration, such as local/riskrelay.yaml below the add-on's folder")
	}
	path := os.Expand(name, func(variable string) string {
		if variable == "SPLUNK_HOME" {
			return home
		}
		return "$" + variable
	})
	switch {
	case path != name && home == "":
		return "", fmt.Errorf("%s: %q: there is no SPLUNK_HOME in the environment", ConfigFile, name)
	case !filepath.IsAbs(path):
		path = filepath.Join(filepath.Dir(program), "..", "..", path)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s: %w", ConfigFile, err)
	}
	return path, nil
}

// Level is the log level that the input sets; "" leaves it to the configuration.
func (in Input) Level() (string, error) {
	level := strings.ToLower(in.Settings[LogLevel])
	if known := []string{"", "error", "warn", "info", "debug"}; !slices.Contains(known, level) {
		return "", fmt.Errorf("%s: %q is none of %s", LogLevel, in.Settings[LogLevel], strings.Join(known[1:], ", "))
	}
	return level, nil
}
