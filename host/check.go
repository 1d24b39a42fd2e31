package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/durable"
)

// Check looks at the files that a configuration names, without changing anything or going online.
func Check(c config.Config) error {
	errs := []error{checkDataDir(c.DataDir)}
	for _, s := range c.Sinks.File { // opening one would make the file
		errs = append(errs, checkOutput(s.Path))
	}
	c.Sinks.File = nil
	sinks, err := buildSinks(c)
	errs = append(errs, err)
	for _, s := range sinks {
		errs = append(errs, s.sink.Close())
	}
	for _, path := range c.Sources.Files {
		if path != "-" {
			errs = append(errs, checkRegular(path))
		}
	}
	for _, s := range c.Sources.LogAnalytics {
		for _, path := range []string{s.CAFile, s.Credential.SecretFile, s.Credential.CertificateFile, s.Credential.TokenFile} {
			if path != "" {
				errs = append(errs, checkRegular(path))
			}
		}
	}
	errs = append(errs, c.DNS.CheckFiles())
	for _, s := range c.Sources.Graph {
		errs = append(errs, checkAll(s.Files())...)
	}
	if c.Directory.Enabled {
		errs = append(errs, checkAll(c.Directory.Files())...)
	}
	for _, m := range c.Modules {
		if info, err := os.Stat(m.Path); err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", m.Name, err))
		} else if info.Mode()&0o111 == 0 {
			errs = append(errs, fmt.Errorf("module %s: %s is not executable", m.Name, m.Path))
		}
	}
	return errors.Join(errs...)
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
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: its directory doesn't exist", path)
	}
	return nil
}

func checkAll(paths []string) (errs []error) {
	for _, path := range paths {
		errs = append(errs, checkRegular(path))
	}
	return errs
}

func checkRegular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	return err
}
