package fence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Run turns this process into the module that text, the argument behind those of Options.Launcher, is about. It returns
// only when it can't, with the reason; what a kernel doesn't know is left out and reported.
//
// Most steps hold for one thread, and executing a program ends all others: everything happens on one thread.
func Run(text string) error {
	runtime.LockOSThread() // for ever
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("this command is riskrelay's own, for starting rule modules: %w", err)
	}
	o.Limits = o.Limits.withDefaults()
	for _, giveUp := range []func(*order) error{endWithParent, inheritLittle, dropPrivileges, bound, confine, filter, report} {
		if err := giveUp(&o); err != nil {
			return fmt.Errorf("fence the module: %w", err)
		}
	}
	return o.execute()
}

// report tells the parent what the fence is.
func report(o *order) error {
	encoder := json.NewEncoder(os.NewFile(uintptr(o.Report), "report"))
	for _, s := range o.steps() {
		if err := encoder.Encode(s); err != nil {
			return fmt.Errorf("report what it is: %w", err)
		}
	}
	return nil
}

// execute becomes the program. The limit of addresses comes last, as it holds for this program, too.
func (o *order) execute() error {
	env := os.Environ()
	debug.SetGCPercent(-1) // there may be no addresses left for it in a moment
	if err := limit(unix.RLIMIT_AS, o.Limits.Memory); err != nil && o.noLimits == nil {
		return fmt.Errorf("fence the module: %w", err)
	}
	err := syscall.Exec(o.Program, o.Args, env)
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("execute %s behind the fence: %w: when its interpreter or libraries lie outside of the system's "+
			"directories, let it read them", o.Args[0], err)
	case err != nil:
		return fmt.Errorf("execute %s: %w", o.Args[0], err)
	}
	return nil
}

// endWithParent has the kernel kill this thread's process when its parent ends, which may have happened already. The
// parent set it, too, but for the main thread, which needn't be this one.
func endWithParent(o *order) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("end with riskrelay: %w", err)
	}
	if os.Getppid() != o.Parent {
		return errors.New("riskrelay has ended meanwhile")
	}
	return nil
}

// inheritLittle has every descriptor closed by the exec but standard input, output and error and those up to o.Keep.
func inheritLittle(o *order) error {
	err := unix.CloseRange(uint(o.Keep+1), ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
	if err != nil { // before Linux 5.11
		err = closeEach(o.Keep)
	}
	if err != nil {
		return fmt.Errorf("close what was inherited: %w", err)
	}
	return nil
}

func closeEach(keep int) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("list the open descriptors: %w", err)
	}
	for _, e := range entries {
		var fd int
		if _, err := fmt.Sscan(e.Name(), &fd); err == nil && fd > keep {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// dropPrivileges gives up all capabilities, also those that executing a program or being root could bring back.
// https://man7.org/linux/man-pages/man7/capabilities.7.html
func dropPrivileges(*order) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("gain no new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("be closed to debuggers: %w", err)
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // unknown before Linux 4.3, which has none
	for capability := uintptr(0); ; capability++ {
		// Without CAP_SETPCAP the bounding set stays. What was set above keeps anything of it from being gained.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			break
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has, nothing [2]unix.CapUserData
	if err := unix.Capget(&header, &has[0]); err == nil && has == nothing {
		return nil // a service manager that gave none may refuse the call, too
	}
	if err := unix.Capset(&header, &nothing[0]); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	return nil
}

// bound sets all limits but that of addresses.
func bound(o *order) error {
	for _, l := range []struct {
		resource int
		most     int64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_NOFILE, int64(o.Limits.Descriptors)},
		{unix.RLIMIT_NPROC, int64(tasks(os.Getuid()) + threads + o.Limits.Processes)},
	} {
		if err := limit(l.resource, l.most); missing(err) {
			o.noLimits = fmt.Errorf("limits can't be set: %w", err)
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// limit bounds a resource for good, unless it is bounded more narrowly already or most is less than nothing. It must not be
// package unix that sets it: only the standard library knows that the number of descriptors must stay at the exec.
func limit(resource int, most int64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err != nil {
		return fmt.Errorf("read limit %d: %w", resource, err)
	}
	if most < 0 || now.Max <= uint64(most) {
		return nil
	}
	if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: uint64(most), Max: uint64(most)}); err != nil {
		return fmt.Errorf("set limit %d to %d: %w", resource, most, err)
	}
	return nil
}

// tasks counts the processes and threads of a user, as far as they can be seen from here.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func tasks(uid int) (n int) {
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0 // without /proc there is room for the module's own
	}
	for _, p := range processes {
		if status, err := os.ReadFile("/proc/" + p.Name() + "/status"); err == nil {
			n += threadsOf(string(status), uid)
		}
	}
	return n
}

func threadsOf(status string, uid int) (n int) {
	for line := range strings.Lines(status) {
		if ids, ok := strings.CutPrefix(line, "Uid:"); ok {
			if fields := strings.Fields(ids); len(fields) == 0 || fields[0] != fmt.Sprint(uid) {
				return 0
			}
		}
		if count, ok := strings.CutPrefix(line, "Threads:"); ok {
			_, _ = fmt.Sscan(count, &n) // 0 when it isn't a number
		}
	}
	return n
}

// missing reports whether an error says that the kernel lacks something, or that whoever started this program (a service
// manager, a container's runtime) keeps it from it.
func missing(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL)
}
