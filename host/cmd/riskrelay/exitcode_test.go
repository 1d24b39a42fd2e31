package main

import (
	"errors"
	"os/exec"
	"strconv"
)

// exitCode is the exit code of a command that failed.
func exitCode(err error) string {
	exited := new(exec.ExitError)
	if errors.As(err, &exited) {
		return strconv.Itoa(exited.ExitCode())
	}
	return err.Error()
}
