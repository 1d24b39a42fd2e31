//go:build !linux

package plugin

import (
	"errors"
	"os"
	"syscall"
)

// sealed says that there are no modules in processes of their own here, so that nothing below is ever asked.
func sealed(string, string) (*os.File, error) {
	return nil, errors.New("rule modules in processes of their own need Linux: run the module in process")
}

func lockThread() (unlock func()) { return func() {} }

func processAttributes() *syscall.SysProcAttr { return nil }

func awaitExit(int) {}

func inGroup(int, int) bool { return false }

func undumpable() {}

func killGroup(int) {}
