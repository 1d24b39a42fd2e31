//go:build unix

package ownership

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links a path may lead through, as on Linux (path_resolution(7)).
const maxLinks = 40

// Judge says what is wrong with paths and with all that they lead through, in their order. What doesn't exist, or can't be
// looked at, is left to whoever uses it.
func Judge(paths []Path) Problems {
	return newJudge().judge(paths)
}

// Exposed says that others may read or change a secret file: info is what the file at path is, which key names. The error is a
// [Problem]; nil says that they can't. [Judge] judges by the same rule, and the way to the file beside it.
func Exposed(key, path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 == 0 { // as nearly always
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	j := newJudge()
	j.look(Path{Key: key, Need: FromReading}, path, info, true)
	if len(j.problems) == 0 {
		return nil
	}
	return j.problems[0]
}

// judge knows who is trusted.
type judge struct {
	user        int
	groups      []int
	credentials string // the folder of systemd's credentials; "" for none
	// readOnly and volume say of what others can't write here whatever its mode is; see mounts_linux.go.
	readOnly, volume func(path string) bool

	written, read map[string]bool // what was judged already
	problems      Problems
}

func newJudge() *judge {
	groups, _ := os.Getgroups() // none are known
	return &judge{
		user: os.Geteuid(), groups: append(groups, os.Getegid()), credentials: os.Getenv("CREDENTIALS_DIRECTORY"),
		readOnly: readOnly, volume: podVolume, written: map[string]bool{}, read: map[string]bool{},
	}
}

func (j *judge) judge(paths []Path) Problems {
	j.written, j.read, j.problems = map[string]bool{}, map[string]bool{}, nil
	for _, p := range paths {
		j.follow(p)
	}
	return j.problems
}

// follow judges everything that a path leads through.
func (j *judge) follow(p Path) {
	whole, err := filepath.Abs(p.Name)
	if err != nil {
		return
	}
	at, rest, links := "/", strings.Split(whole, "/"), 0 // the first is empty: the root folder itself
	for len(rest) > 0 {
		next := filepath.Join(at, rest[0]) // "..", too, as no link is left in at
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return
		}
		isLink := info.Mode()&fs.ModeSymlink != 0
		j.look(p, next, info, len(rest) == 0 && !isLink)
		if !isLink {
			at = next
			continue
		}
		target, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
}

// look judges what lies at a path, once; last is where p ends.
func (j *judge) look(p Path, at string, info fs.FileInfo, last bool) {
	of, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	f := file{FileInfo: info, at: at, key: p.Key, owner: int(of.Uid), group: int(of.Gid), keeper: "root"}
	if last {
		f.need = p.Need
	}
	if last && (p.Need == FromReading || p.Kept) {
		f.keeper = userName(j.user)
	}
	if last && p.Need == FromReading && !j.read[at] {
		j.read[at] = true
		j.written[at] = j.reading(f) && j.trusted(f.owner) || j.written[at] // the command ends the writing, too
	}
	if !j.written[at] {
		j.written[at] = true
		j.writing(f)
	}
}

// file is what lies at a path.
type file struct {
	fs.FileInfo
	at, key      string
	owner, group int
	need         Need
	keeper       string // whose it should be, if it is of none who is trusted
}

// writing judges who may change what lies at a path. A link can't be changed, only replaced: by its owner, or by those
// who may write its folder.
func (j *judge) writing(f file) {
	isLink := f.Mode()&fs.ModeSymlink != 0
	shared := f.IsDir() && f.Mode()&fs.ModeSticky != 0 || isLink
	byAll := !shared && f.Mode().Perm()&0o002 != 0
	byGroup := !shared && f.Mode().Perm()&0o020 != 0 && !slices.Contains(j.groups, f.group)
	byOwner := !j.trusted(f.owner)
	mount := f.at
	if isLink {
		mount = filepath.Dir(f.at)
	}
	if !byAll && !byGroup && !byOwner || j.readOnly(mount) || f.IsDir() && f.owner == 0 && j.volume(f.at) {
		return
	}
	p := f.problem()
	var who, mend []string
	if byOwner {
		who = append(who, "its owner "+p.Owner)
		mend = append(mend, "chown "+f.keeper+" "+quoted(f.at))
	}
	if byGroup && !byAll {
		who = append(who, "the group "+p.Group)
	}
	if byAll {
		who = append(who, "every user")
	}
	if classes := classes(byGroup, byAll); classes != "" {
		mend = append(mend, "chmod "+classes+"-w "+quoted(f.at))
	}
	p.What, p.Mend = "can be changed by "+strings.Join(who, " and "), strings.Join(mend, " && ")
	j.problems = append(j.problems, p)
}

// reading judges who may read a file, and reports whether others may.
func (j *judge) reading(f file) (others bool) {
	byAll, byGroup := f.Mode().Perm()&0o004 != 0, f.Mode().Perm()&0o040 != 0
	if !f.Mode().IsRegular() || !byAll && (!byGroup || j.handedOver(f)) {
		return false
	}
	p := f.problem()
	p.What, p.Mend = "can be read by the group "+p.Group, "chmod 0600 "+quoted(f.at)
	if byAll {
		p.What = "can be read by every user"
	}
	switch {
	case j.readOnly(f.at):
		p.Mend = ""
	case j.handedOver(f):
		p.Mend = "chmod 0640 " + quoted(f.at)
	}
	j.problems = append(j.problems, p)
	return true
}

// handedOver reports whether a file is read as one of its group: another user's file, as root's that was given to the group, or
// one of a volume of Kubernetes, to which fsGroup gives mode 0440 whoever owns it. systemd hands credentials over with an access
// list for the user, which shows as a mode that the group can read (systemd.exec(5), LoadCredential).
func (j *judge) handedOver(f file) bool {
	if j.credentials != "" && filepath.Dir(f.at) == filepath.Clean(j.credentials) {
		return f.Mode().Perm()&0o020 == 0
	}
	return slices.Contains(j.groups, f.group) && (f.owner != j.user || j.readOnly(f.at))
}

func (j *judge) trusted(user int) bool { return user == 0 || user == j.user }

// classes are classes of users as chmod names them.
func classes(group, others bool) (text string) {
	if group {
		text += "g"
	}
	if others {
		text += "o"
	}
	return text
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r)
	}
	if strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
