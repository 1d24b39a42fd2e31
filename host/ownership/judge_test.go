//go:build unix

package ownership

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ground is a folder in which a test makes files. Names that end with a slash are folders.
type ground struct {
	*testing.T
	dir string
}

func (g ground) path(name string) string { return filepath.Join(g.dir, name) }

func (g ground) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// put makes a file or folder with a mode, and all folders above it.
func (g ground) put(name string, mode fs.FileMode) {
	g.Helper()
	if folder, is := strings.CutSuffix(name, "/"); is {
		g.must(os.MkdirAll(g.path(folder), 0o700))
	} else {
		g.must(os.MkdirAll(filepath.Dir(g.path(name)), 0o700))
		g.must(os.WriteFile(g.path(name), []byte("x"), 0o600))
	}
	g.must(os.Chmod(g.path(name), mode))
}

func (g ground) link(name, target string) { g.must(os.Symlink(target, g.path(name))) }

// give makes something another's.
func (g ground) give(name string, user, group int) {
	g.Helper()
	mode, err := os.Stat(g.path(name))
	g.must(err)
	g.must(os.Lchown(g.path(name), user, group))
	g.must(os.Chmod(g.path(name), mode.Mode())) // chown takes setgid away
}

// said are the problems of paths without the ground's own name.
func (g ground) said(j *judge, need Need, names ...string) string {
	var paths []Path
	for _, name := range names {
		paths = append(paths, Path{Key: "key", Name: g.path(name), Need: need})
	}
	var lines []string
	for _, p := range j.judge(paths) {
		lines = append(lines, p.Path+": "+p.What+": "+p.Mend)
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), g.dir+"/", "")
}

// alone is a judge whose process has one group, and no mounts of note.
func alone(groups ...int) *judge {
	no := func(string) bool { return false }
	return &judge{user: os.Geteuid(), groups: groups, readOnly: no, volume: no}
}

const (
	somebody  = 54321 // a user and a group that have nothing to do with this process
	someGroup = 54322
)

func TestWriting(t *testing.T) {
	mine := os.Getegid()
	for name, c := range map[string]struct {
		make func(ground)
		want string
	}{
		"safe":             {func(g ground) { g.put("d/", 0o755); g.put("d/f", 0o644) }, ""},
		"own group":        {func(g ground) { g.put("d/", 0o775); g.put("d/f", 0o664) }, ""},
		"every user":       {func(g ground) { g.put("d/f", 0o646) }, "d/f: can be changed by every user: chmod o-w d/f"},
		"folder":           {func(g ground) { g.put("d/f", 0o644); g.put("d/", 0o707) }, "d: can be changed by every user: chmod o-w d"},
		"sticky folder":    {func(g ground) { g.put("d/f", 0o644); g.put("d/", 0o777|fs.ModeSticky) }, ""},
		"sticky file":      {func(g ground) { g.put("d/f", 0o646|fs.ModeSticky) }, "d/f: can be changed by every user: chmod o-w d/f"},
		"file in a sticky": {func(g ground) { g.put("d/f", 0o622); g.put("d/", 0o777|fs.ModeSticky) }, "d/f: can be changed by every user: chmod o-w d/f"},
		"absent":           {func(g ground) { g.put("d/", 0o702) }, "d: can be changed by every user: chmod o-w d"},
		"behind a link":    {func(g ground) { g.put("e/f", 0o602); g.put("d/", 0o700); g.link("d/f", "../e/f") }, "e/f: can be changed by every user: chmod o-w e/f"},
		"on a link's way":  {func(g ground) { g.put("e/f", 0o600); g.put("e/", 0o702); g.link("d", "e") }, "e: can be changed by every user: chmod o-w e"},
		"an absolute link": {func(g ground) { g.put("e/f", 0o602); g.link("d", g.path("e")) }, "e/f: can be changed by every user: chmod o-w e/f"},
		"a link to itself": {func(g ground) { g.link("d", "d") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := ground{t, t.TempDir()}
			c.make(g)
			if got := g.said(alone(mine), FromWriting, "d/f"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestOthers holds what other owners and groups may, and that the command fits.
func TestOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for name, c := range map[string]struct {
		make func(ground)
		kept bool
		want string
	}{
		"owner":         {func(g ground) { g.put("d/f", 0o644); g.give("d/f", somebody, 0) }, false, "d/f: can be changed by its owner 54321: chown root d/f"},
		"another group": {func(g ground) { g.put("d/f", 0o664); g.give("d/f", 0, somebody) }, false, "d/f: can be changed by the group 54321: chmod g-w d/f"},
		"a known group": {func(g ground) { g.put("d/f", 0o664); g.give("d/f", 0, someGroup) }, false, ""},
		"all of it": {
			func(g ground) { g.put("d/f", 0o666); g.give("d/f", somebody, somebody) }, false,
			"d/f: can be changed by its owner 54321 and every user: chown root d/f && chmod go-w d/f",
		},
		"owner of a link": {
			func(g ground) { g.put("e/f", 0o644); g.link("d", "e"); g.must(os.Lchown(g.path("d"), somebody, 0)) }, false,
			"d: can be changed by its owner 54321: chown root d",
		},
		"owner of a folder": {
			func(g ground) { g.put("d/f", 0o644); g.give("d", somebody, 0) }, false, "d: can be changed by its owner 54321: chown root d",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := ground{t, t.TempDir()}
			c.make(g)
			if got := g.said(alone(0, someGroup), FromWriting, "d/f"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestKept holds that a folder in which this process writes, and its secrets, shall be this process's own.
func TestKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	g := ground{t, t.TempDir()}
	g.must(os.Chmod(filepath.Dir(g.dir), 0o755))
	g.put("d/f", 0o600)
	g.give("d/f", somebody, somebody)
	j := alone(someGroup)
	j.user = someGroup
	for _, p := range []Path{{Name: g.path("d/f"), Kept: true}, {Name: g.path("d/f"), Need: FromReading}} {
		if got := j.judge([]Path{p}); len(got) != 1 || got[0].Mend != "chown 54322 "+g.path("d/f") {
			t.Errorf("%+v: %v", p, got)
		}
	}
}

func TestReading(t *testing.T) {
	mine := os.Getegid()
	group := strconv.Itoa(mine)
	if known, err := user.LookupGroupId(group); err == nil {
		group = known.Name
	}
	byGroup := "f: can be read by the group " + group + ": chmod 0600 f" // this user doesn't need the group for reading
	for mode, want := range map[fs.FileMode]string{
		0o600: "", 0o400: "", 0o640: byGroup, 0o660: byGroup,
		0o644: "f: can be read by every user: chmod 0600 f", 0o666: "f: can be read by every user: chmod 0600 f",
		0o602: "f: can be changed by every user: chmod o-w f",
	} {
		g := ground{t, t.TempDir()}
		g.put("f", mode)
		if got := g.said(alone(mine), FromReading, "f"); got != want {
			t.Errorf("mode %o: %q, want %q", mode, got, want)
		}
	}
	g := ground{t, t.TempDir()}
	g.put("f", 0o640)
	j := alone(someGroup)
	if got := g.said(j, FromReading, "f"); !strings.HasPrefix(got, "f: can be read by the group ") {
		t.Errorf("a group of others: %q", got)
	}
	if got := j.judge([]Path{{Name: g.path("f")}, {Name: g.path("f"), Need: FromReading}}); len(got) != 1 {
		t.Errorf("a file that needs both: %v", got)
	}
	if j.credentials = g.dir + "/"; g.said(j, FromReading, "f") != "" {
		t.Errorf("one of systemd's credentials: %q", g.said(j, FromReading, "f"))
	}
}

// TestPod imitates the volumes of a Kubernetes pod with the modes that the kubelet gives them
// (https://kubernetes.io/docs/concepts/storage/volumes/, pkg/volume/util/atomic_writer.go and pkg/volume/volume_linux.go):
// ConfigMap and Secret are mounted read-only; an emptyDir and a volume with fsGroup can be written.
func TestPod(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const fsGroup, pod = 2000, 65532
	g := ground{t, t.TempDir()}
	g.must(os.Chmod(filepath.Dir(g.dir), 0o755))
	for _, volume := range []string{"config", "secret"} {
		g.put(volume+"/..2026/f", 0o644)
		g.must(os.Chmod(g.path(volume+"/..2026"), 0o755|fs.ModeSetgid))
		g.link(volume+"/..data", "..2026")
		g.link(volume+"/f", "..data/f")
	}
	g.put("config/", 0o777)
	g.put("secret/", 0o777|fs.ModeSticky)
	g.put("secret/..2026/f", 0o440)
	g.give("secret/..2026/f", 0, fsGroup)
	g.put("claim/ledger", 0o660)
	g.give("claim/ledger", 0, fsGroup)
	g.put("claim/", 0o775|fs.ModeSetgid)
	g.give("claim", 0, fsGroup)
	g.put("empty/", 0o777|fs.ModeSetgid)
	g.give("empty", 0, fsGroup)

	j := alone(pod, fsGroup)
	j.user = pod
	if got := g.said(j, FromWriting, "config/f", "empty"); !strings.Contains(got, "config: can be changed by every user") || !strings.Contains(got, "empty: ") {
		t.Errorf("outside a pod such folders are no good: %q", got)
	}
	j.readOnly = func(path string) bool {
		return strings.HasPrefix(path, g.path("config")) || strings.HasPrefix(path, g.path("secret"))
	}
	j.volume = func(path string) bool { return path == g.path("empty") || path == g.path("claim") }
	if got := g.said(j, FromWriting, "config/f", "claim/ledger", "empty"); got != "" {
		t.Errorf("ConfigMap and volumes: %s", got)
	}
	if got := g.said(j, FromReading, "secret/f"); got != "" {
		t.Errorf("Secret: %s", got)
	}
	g.put("empty/rules/", 0o777) // what is made in it is judged as anywhere
	if got := g.said(j, FromWriting, "empty/rules"); !strings.Contains(got, "chmod o-w empty/rules") {
		t.Errorf("a folder in a volume: %q", got)
	}
	g.put("secret/..2026/f", 0o444) // the default of a Secret is 0644
	for user, uid := range map[string]int{"a user": pod, "root": 0} {
		j.user = uid
		if got := g.said(j, FromReading, "secret/f"); got != "secret/..2026/f: can be read by every user: " { // no command helps
			t.Errorf("a Secret for all, read by %s: %q", user, got)
		}
	}
	g.must(os.Chmod(g.path("secret/..2026/f"), 0o440)) // fsGroup sets this mode, also where the user is root
	if got := g.said(j, FromReading, "secret/f"); got != "" {
		t.Errorf("a Secret of root with a group: %s", got)
	}
}

// TestHandedOver holds who may read a secret as one of a group: a process that doesn't own the file, in that group.
func TestHandedOver(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const service = 54323
	g := ground{t, t.TempDir()}
	g.must(os.Chmod(filepath.Dir(g.dir), 0o755))
	g.put("f", 0o640)
	for _, c := range []struct {
		owner, group int
		want         string
	}{
		{0, someGroup, ""},
		{service, someGroup, "f: can be read by the group 54322: chmod 0600 f"},
		{0, somebody, "f: can be read by the group 54321: chmod 0600 f"},
		{somebody, someGroup, "f: can be changed by its owner 54321: chown 54323 f"},
	} {
		g.give("f", c.owner, c.group)
		j := alone(someGroup)
		j.user = service
		if got := g.said(j, FromReading, "f"); got != c.want {
			t.Errorf("owner %d, group %d: %q, want %q", c.owner, c.group, got, c.want)
		}
	}
}

// TestExposed holds that whoever reads one secret file judges it as [Judge] does.
func TestExposed(t *testing.T) {
	g := ground{t, t.TempDir()}
	g.link("link", "f")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o604, 0o602} {
		g.put("f", mode)
		info, err := os.Stat(g.path("link"))
		g.must(err)
		got, want := Exposed("key", g.path("link"), info), Judge([]Path{{Key: "key", Name: g.path("link"), Need: FromReading}}).Err()
		if (mode == 0o600) != (got == nil) || got != nil && got.Error() != want.Error() {
			t.Errorf("mode %o: %v, but judged with its way: %v", mode, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for path, want := range map[string]string{"/a/b-c.d": "/a/b-c.d", "/a b": "'/a b'", "/it's": `'/it'\''s'`, "/$(x)": "'/$(x)'"} {
		if got := quoted(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestMessage holds that a message says path, mode, owner and command, and what named the path.
func TestMessage(t *testing.T) {
	p := Problem{Key: "rules.paths", Path: "/r", What: "can be changed by every user", Mode: fs.ModeDir | fs.ModeSetgid | 0o777, Owner: "ann", Group: "staff", Mend: "chmod o-w /r"}
	want := "rules.paths: /r can be changed by every user (mode 2777, owner ann, group staff): run chmod o-w /r"
	if got := (Problems{p}).Err(); got == nil || got.Error() != want {
		t.Errorf("%v", got)
	}
	p.Mend = ""
	if got := p.Error(); !strings.Contains(got, "group staff): mount it with mode 0400, or 0440 for a group") {
		t.Errorf("on a mount that can't be written to: %s", got)
	}
	if (Problems{}).Err() != nil {
		t.Error("no problems are an error")
	}
}
