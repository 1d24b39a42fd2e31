package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/durable"
	"github.com/riskrelay/riskrelay/host/sink"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// Check looks at the files that a configuration names, without changing anything or going online. Modules are for
// CheckModules.
func Check(c config.Config) error {
	errs := []error{checkDataDir(c.DataDir)}
	sinks := c.Sinks.All()
	for _, s := range sinks {
		if s.Output != "" {
			errs = append(errs, checkOutput(s.Output))
		}
	}
	// Opening a file would make it.
	made, err := buildSinks(slices.DeleteFunc(sinks, func(s sink.Configured) bool { return s.Output != "" }))
	errs = append(errs, err)
	for _, s := range made {
		errs = append(errs, s.sink.Close())
	}
	files, err := readFiles(c)
	errs = append(errs, err)
	for _, path := range files {
		if path != "-" {
			errs = append(errs, checkRows(path))
		}
	}
	errs = append(errs, checkIdentities(c)...)
	errs = append(errs, c.DNS.CheckFiles())
	return errors.Join(errs...)
}

// checkIdentities reads what proves to Azure's services who asks, as a host does.
func checkIdentities(c config.Config) (errs []error) {
	check := func(key, caFile string, credential *loganalytics.Credential) {
		if err := credential.CheckFiles(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		for _, path := range []string{caFile, credential.TokenFile} {
			if path == "" {
				continue
			}
			if err := checkRegular(path); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", key, err))
			}
		}
	}
	for i := range c.Sources.LogAnalytics {
		s := &c.Sources.LogAnalytics[i]
		check("source "+s.Workspace, s.CAFile, &s.Credential)
	}
	for i := range c.Sources.Graph {
		s := &c.Sources.Graph[i]
		check("source graph "+s.Name, s.CAFile, &s.Credential)
	}
	if c.Directory.Enabled {
		check("directory", c.Directory.CAFile, &c.Directory.Credential)
	}
	return errs
}

// checkDataDir checks that the directory can be written to, or made.
func checkDataDir(dir string) error {
	at, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	for {
		info, err := os.Stat(at)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("data_dir: %s is not a directory", at)
		case err == nil && !durable.MayWriteIn(at):
			return fmt.Errorf("data_dir: %s can't be written to by this user", at)
		case err == nil:
			return nil
		case !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at):
			return fmt.Errorf("data_dir: %w", err)
		}
		at = filepath.Dir(at)
	}
}

// checkOutput checks that a file sink's file is one, or that its directory is there.
func checkOutput(path string) error {
	if _, err := os.Stat(path); err == nil {
		return checkRegular(path)
	}
	directory := filepath.Dir(path)
	info, err := os.Stat(directory)
	switch {
	case err == nil && info.IsDir():
		return nil
	case errors.Is(err, os.ErrNotExist) && durable.MayWriteIn(filepath.Dir(directory)): // the sink makes it
		return nil
	}
	return fmt.Errorf("%s: there is no directory %s, and none above it in which it could be made", path, directory)
}

// checkRows checks that rows can be read from a path: a file, or a pipe or device of characters, which is read once.
func checkRows(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) == 0 {
		return checkRegular(path)
	}
	return err
}

func checkRegular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	return err
}
