//go:build unix

package endpoint

import (
	"os"
	"syscall"
)

// inode tells a file from one that took its place in the same tick of the file system's clock; 0 where there are none.
func inode(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
