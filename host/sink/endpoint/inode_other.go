//go:build !unix

package endpoint

import "os"

// inode is nothing where files have no inodes.
func inode(os.FileInfo) uint64 { return 0 }
