//go:build !race

package fence

// DefaultMemory is a module's address space in bytes. Of it a Go program reserves 1.2 GiB before it does anything.
const DefaultMemory int64 = 2 << 30
