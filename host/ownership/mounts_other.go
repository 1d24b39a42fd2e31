//go:build unix && !linux

package ownership

// readOnly and podVolume are about containers, which run on Linux.
func readOnly(string) bool { return false }

func podVolume(string) bool { return false }
