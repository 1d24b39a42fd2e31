//go:build !linux

package secret

// Undumpable does nothing: only Linux knows it.
func Undumpable() error { return nil }
