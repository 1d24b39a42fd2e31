package ownership

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReadOnlyMount holds that a folder which every user could write counts as safe on a read-only mount, and only there.
func TestReadOnlyMount(t *testing.T) {
	g := ground{t, t.TempDir()}
	g.put("d/f", 0o666)
	g.must(unix.Chmod(g.path("d"), 0o777))
	if readOnly(g.path("d/f")) {
		t.Fatal("the test's own folder lies on a read-only mount")
	}
	if err := unix.Mount("tmpfs", g.path("d"), "tmpfs", 0, "mode=0777"); errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("this user can't mount")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.must(unix.Unmount(g.path("d"), 0)) })
	g.put("d/f", 0o666)
	if got := g.said(newJudge(), FromWriting, "d/f"); got == "" {
		t.Error("a mount that can be written is safe")
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
	if !podVolume(g.path("d")) || podVolume(g.dir) || podVolume(g.path("d/f")) || podVolume("/") {
		t.Error("only the mount is the top of a volume")
	}
	g.must(unix.Mount("", g.path("d"), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	for _, unit := range []string{"", "0123"} {
		t.Setenv("INVOCATION_ID", unit)
		if got := g.said(newJudge(), FromWriting, "d/f"); got != "" || !readOnly(g.path("d/f")) {
			t.Errorf("on a read-only mount (unit %q): %s", unit, got)
		}
	}
	if readOnly("/") {
		t.Error("the root of a unit of systemd counts as read-only")
	}
}
