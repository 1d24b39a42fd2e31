//go:build race

package fence

// DefaultMemory sets no limit: what is built with the race detector reserves terabytes of addresses, and a program that
// was built so starts itself, or tests, as modules.
const DefaultMemory int64 = -1
