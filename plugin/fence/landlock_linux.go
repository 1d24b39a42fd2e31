package fence

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// What every module may read and execute: the system's programs, interpreters and libraries, and what they look at while
// they start. No file of a user and none with a secret lies there.
func systemDirs() []string {
	return []string{
		"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32",
		"/usr/libexec", "/usr/share", "/usr/local/bin", "/usr/local/lib", "/usr/local/lib64", "/usr/local/libexec", "/usr/local/share",
		"/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage",
	}
}

func systemFiles() []string {
	return []string{
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.preload", "/etc/localtime", "/etc/timezone", "/etc/locale.alias",
		"/dev/random", "/dev/urandom", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory",
	}
}

// What a module reads besides when it may connect: how to find other machines and whom to trust. ROFiles takes
// directories for the files below them.
func networkFiles() []string {
	return []string{
		"/etc/gai.conf", "/etc/host.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/protocols", "/etc/resolv.conf", "/etc/services",
		"/etc/ssl/cert.pem", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/ca-trust/extracted", "/etc/pki/tls/certs",
		"/etc/pki/tls/cert.pem", "/etc/ca-certificates/extracted", "/run/systemd/resolve",
	}
}

// forSocket is what a module does in its directory: make a file for a name, remove it, make a socket, and remove that.
const forSocket landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSReadDir |
	ll.AccessFSMakeReg | ll.AccessFSMakeSock | ll.AccessFSRemoveFile

// abiScopes is the version of Landlock's interface that brought scopes, and signalsMend the number, as a bit, of the
// correction without which signals between threads are refused, too. https://docs.kernel.org/userspace-api/landlock.html
const (
	abiScopes   = 6
	signalsMend = 0x2
)

// landlockABI is the version of Landlock's interface as go-landlock uses it.
func landlockABI() (int, error) {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0, fmt.Errorf("the kernel has no Landlock (%w): it needs Linux 5.13, and landlock in the list lsm= at boot", err)
	}
	if mends, err := ll.LandlockGetErrata(); abi >= abiScopes && (err != nil || mends&signalsMend == 0) {
		return abiScopes - 1, nil
	}
	return abi, nil
}

// confine lets the module open only the files that it needs, and keeps its signals and sockets to itself.
func confine(o *order) error {
	rules := o.readable()
	config := landlock.V10.BestEffort()
	if o.Network {
		config.HandledAccessNet = ll.AccessNetBindTCP // connecting is what it may
	}
	if o.abi, o.noLandlock = landlockABI(); o.noLandlock != nil {
		return nil
	}
	fd, flags, err := config.NewRulesetFD(rules...)
	if err == nil {
		err = ll.LandlockRestrictSelf(fd, flags)
		_ = unix.Close(fd)
	}
	if missing(err) {
		o.abi, o.noLandlock = 0, fmt.Errorf("the kernel's Landlock can't be used: %w", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("confine it to its files: %w", err)
	}
	return nil
}

// readable are the rules of files. It sorts the paths of o.Read into those that are there and those that aren't.
func (o *order) readable() []landlock.Rule {
	rules := []landlock.Rule{
		landlock.RODirs(existing(systemDirs())...).IgnoreIfMissing(),
		landlock.ROFiles(existing(systemFiles())...).IgnoreIfMissing(),
		landlock.RWFiles(existing([]string{"/dev/null"})...).IgnoreIfMissing(),
		landlock.PathAccess(forSocket, o.Sockets),
	}
	if o.Network {
		rules = append(rules, landlock.ROFiles(existing(networkFiles())...).IgnoreIfMissing())
	}
	if filepath.Dir(o.Program) != "/proc/self/fd" { // a sealed copy is in no directory, and needs no rule
		rules = append(rules, landlock.ROFiles(o.Program).IgnoreIfMissing())
	}
	for _, path := range o.Read {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			o.unread = append(o.unread, err)
			continue
		case info.IsDir():
			rules = append(rules, landlock.RODirs(path).IgnoreIfMissing())
		default:
			rules = append(rules, landlock.ROFiles(path).IgnoreIfMissing())
		}
		o.reads = append(o.reads, path)
	}
	return rules
}

// existing are the paths that can be reached: one that this user may not even look up is an error for go-landlock.
func existing(paths []string) (found []string) {
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	return found
}
