package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// user is whom riskrelay runs as, and its group: the number that images without a distribution have agreed on for a user without rights.
const user = 65532

// file is a file or a folder of the image.
type file struct {
	path     string // without a slash at its beginning
	mode     fs.FileMode
	uid, gid int
	content  []byte
}

// tree returns all that is in the image of the architecture, sorted by path, each folder before what is in it.
func (j job) tree(arch string) ([]file, error) {
	roots, skipped := authorities()
	zones, release, err := timeZones()
	if err != nil {
		return nil, err
	}
	contents, err := j.contents(skipped, release)
	if err != nil {
		return nil, err
	}
	files := append(zones,
		file{path: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "riskrelay:x:%d:%d:riskrelay:/var/lib/riskrelay:/sbin/nologin\n", user, user)},
		file{path: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "riskrelay:x:%d:\n", user)},
		file{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: roots},
		file{path: "tmp", mode: fs.ModeDir | fs.ModeSticky | 0o777},
		file{path: "usr/share/doc/riskrelay/image.cdx.json", mode: 0o644, content: contents},
		file{path: "var/lib/riskrelay", mode: fs.ModeDir | 0o700, uid: user, gid: user},
		file{path: "var/log/riskrelay", mode: fs.ModeDir | 0o750, uid: user, gid: user},
	)
	for _, copied := range []struct {
		path, from string
		mode       fs.FileMode
	}{
		{"usr/bin/riskrelay", filepath.Join(j.out, "bin", "riskrelay-linux-"+arch), 0o755},
		{"usr/share/doc/riskrelay/copyright", filepath.Join(j.source, "packaging/linux/copyright"), 0o644},
		{"usr/share/doc/riskrelay/THIRD-PARTY-NOTICES.gz", filepath.Join(j.out, "stage/THIRD-PARTY-NOTICES.gz"), 0o644},
	} {
		content, err := os.ReadFile(copied.from)
		if err != nil {
			return nil, fmt.Errorf("%w (build the programs and the packages first)", err)
		}
		files = append(files, file{path: copied.path, mode: copied.mode, content: content})
	}
	configuration, err := j.configuration()
	if err != nil {
		return nil, err
	}
	return withFolders(append(files, configuration...)), nil
}

// configuration returns /etc/riskrelay as packages install it: riskrelay's group may read it, root may change it.
func (j job) configuration() (files []file, err error) {
	from := os.DirFS(filepath.Join(j.source, "packaging/linux/etc"))
	err = fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f := file{path: path.Join("etc/riskrelay", name), mode: fs.ModeDir | 0o750, gid: user}
		if !d.IsDir() {
			f.mode = 0o640
			f.content, err = fs.ReadFile(from, name)
		}
		files = append(files, f)
		return err
	})
	return files, err
}

// withFolders adds the folders that lie above the files, which are root's, and sorts all.
func withFolders(files []file) []file {
	known := map[string]bool{}
	for _, f := range files {
		known[f.path] = true
	}
	for _, f := range slices.Clone(files) {
		for dir := path.Dir(f.path); dir != "." && !known[dir]; dir = path.Dir(dir) {
			known[dir] = true
			files = append(files, file{path: dir, mode: fs.ModeDir | 0o755})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return files
}
