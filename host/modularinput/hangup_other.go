//go:build !linux

package modularinput

import (
	"context"
	"os"
)

// watchOutput does nothing: elsewhere than on Linux a pipe doesn't tell that nobody reads it.
func (*Parent) watchOutput(context.Context, *os.File) {}
