//go:build !unix

package ownership

import "io/fs"

// Judge says nothing where files have no owner and mode.
func Judge([]Path) Problems { return nil }

// Exposed says nothing there, either.
func Exposed(string, string, fs.FileInfo) error { return nil }
