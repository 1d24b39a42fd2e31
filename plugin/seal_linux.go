package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// sealed returns a copy of the program at path that nobody can change any more, after it was found to have the given
// SHA-256 digest in hexadecimal. The bytes that were hashed are the bytes that run, whatever happens to the file
// meanwhile. https://man7.org/linux/man-pages/man2/memfd_create.2.html
func sealed(path, digest string) (*os.File, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open module: %w", err)
	}
	defer func() { _ = from.Close() }()
	to, err := memoryFile("riskrelay-module")
	if err != nil {
		return nil, fmt.Errorf("make a sealed copy of module %s: %w", path, err)
	}
	hash := sha256.New()
	if _, err = io.Copy(io.MultiWriter(to, hash), from); err != nil {
		err = fmt.Errorf("copy module %s: %w", path, err)
	} else if got := hex.EncodeToString(hash.Sum(nil)); got != strings.ToLower(digest) {
		err = fmt.Errorf("module %s has the SHA-256 %s, but %s is pinned: find out who changed the program, "+
			"or pin the new digest if it was you", path, got, digest)
	} else if err = seal(to); err != nil {
		err = fmt.Errorf("seal the copy of module %s: %w", path, err)
	}
	if err != nil {
		_ = to.Close()
		return nil, err
	}
	return to, nil
}

// memoryFile makes a file without a name. MFD_EXEC, which says that it will be executed, is unknown to kernels before
// 6.3, which ask for nothing of the kind.
func memoryFile(name string) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// seal forbids every change of the file, for ever.
func seal(f *os.File) error {
	if err := f.Chmod(0o500); err != nil {
		return err
	}
	_, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS,
		unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE|unix.F_SEAL_SEAL)
	return err
}
