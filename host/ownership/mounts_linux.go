package ownership

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// readOnly reports whether a path lies on a mount that can't be written to, as a ConfigMap's in a pod. That of the root
// folder doesn't count in a unit of systemd: ProtectSystem= makes it read-only for the unit alone.
func readOnly(path string) bool {
	var mount unix.Statfs_t
	if unix.Statfs(path, &mount) != nil || mount.Flags&unix.ST_RDONLY == 0 {
		return false
	}
	return os.Getenv("INVOCATION_ID") == "" || device(path) != device("/")
}

// podVolume reports whether a folder is the top of a volume of a Kubernetes pod. An emptyDir has mode 0777 there, and
// is seen by the containers of the pod alone.
func podVolume(path string) bool {
	return os.Getenv("KUBERNETES_SERVICE_HOST") != "" && path != "/" && device(path) != device(filepath.Dir(path))
}

// device is the file system that a path lies on, 0 when it can't be told.
func device(path string) uint64 {
	var at unix.Stat_t
	if unix.Lstat(path, &at) != nil {
		return 0
	}
	return uint64(at.Dev) // of other sizes on some processors
}
