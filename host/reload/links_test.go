package reload

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ground is a directory in which a test moves things.
type ground struct {
	t   *testing.T
	dir string
}

func (g ground) path(name string) string { return filepath.Join(g.dir, name) }

// file writes a file, with the directories above it.
func (g ground) file(name, text string) {
	g.t.Helper()
	must(g.t, os.MkdirAll(filepath.Dir(g.path(name)), 0o700))
	must(g.t, os.WriteFile(g.path(name), []byte(text), 0o600))
}

// link puts a symbolic link there, in one step when there is one already, as `ln -sfn` doesn't but Kubernetes does.
func (g ground) link(name, target string) {
	g.t.Helper()
	must(g.t, os.MkdirAll(filepath.Dir(g.path(name)), 0o700))
	must(g.t, os.Symlink(target, g.path("tmp")))
	g.move("tmp", name)
}

func (g ground) move(from, to string) {
	g.t.Helper()
	must(g.t, os.Rename(g.path(from), g.path(to)))
}

func (g ground) remove(name string) {
	g.t.Helper()
	must(g.t, os.RemoveAll(g.path(name)))
}

// read is what somebody finds who reads the rules now, or why nothing is found.
func (g ground) read(name string) string {
	name = g.path(name)
	if data, err := os.ReadFile(name); err == nil {
		return string(data)
	}
	fsys, text := os.DirFS(name), ""
	err := fs.WalkDir(fsys, ".", func(p string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".yaml") {
			data, err := fs.ReadFile(fsys, p)
			text += fmt.Sprintf("%s %s %v\n", p, data, err)
		}
		return err
	})
	return fmt.Sprintf("%s%v", text, err)
}

// TestLinks holds that a change of any link on the way to the rules is noticed, also after the one before it, when other
// directories are watched than at the beginning. One that isn't noticed makes the test time out.
func TestLinks(t *testing.T) {
	for name, test := range linkTests() {
		t.Run(name, func(t *testing.T) {
			g := ground{t, t.TempDir()}
			test.prepare(g)
			found := make(chan string, 1000)
			watching(t, func() { found <- g.read(test.watched) }, g.path(test.watched))
			<-found // the beginning
			for i, step := range test.steps {
				before := g.read(test.watched)
				step(g)
				now := g.read(test.watched)
				if now == before {
					t.Fatalf("step %d changes nothing: %s", i, before)
				}
				for text := range found {
					if text == now {
						break
					}
				}
			}
		})
	}
}

type linkTest struct {
	watched string
	prepare func(ground)
	steps   []func(ground)
}

func linkTests() map[string]linkTest {
	swap := func(name, target string) func(ground) { return func(g ground) { g.link(name, target) } }
	write := func(name, text string) func(ground) { return func(g ground) { g.file(name, text) } }
	two := func(g ground) {
		g.file("1/rules/a.yaml", "1")
		g.file("2/rules/a.yaml", "2")
	}
	return map[string]linkTest{
		"the watched path is a link": {
			"rules",
			func(g ground) { two(g); g.link("rules", "1/rules") },
			[]func(ground){swap("rules", "2/rules"), write("2/rules/a.yaml", "3"), swap("rules", "1/rules")},
		},
		"a link above": {
			"etc/rules",
			func(g ground) { two(g); g.link("etc", "1") },
			[]func(ground){swap("etc", "2"), write("2/rules/b.yaml", "3"), swap("etc", "1")},
		},
		"a link far above": {
			"etc/riskrelay/deep/rules",
			func(g ground) {
				g.file("1/riskrelay/deep/rules/a.yaml", "1")
				g.file("2/riskrelay/deep/rules/a.yaml", "2")
				g.link("etc", "1")
			},
			[]func(ground){swap("etc", "2"), write("2/riskrelay/deep/rules/a.yaml", "3")},
		},
		"a ConfigMap whose folder is linked": {
			"rules",
			func(g ground) {
				two(g)
				g.link("mount/..data", "../1")
				g.link("rules", "mount/..data/rules")
			},
			[]func(ground){
				func(g ground) { g.link("mount/..data", "../2"); g.remove("1") },
				func(g ground) {
					g.file("3/rules/a.yaml", "3")
					g.link("mount/..data", "../3")
					g.remove("2")
				},
			},
		},
		"a ConfigMap of files": {
			"rules",
			func(g ground) {
				g.file("rules/..1/a.yaml", "1")
				g.link("rules/..data", "..1")
				g.link("rules/a.yaml", "..data/a.yaml")
			},
			[]func(ground){
				func(g ground) { g.file("rules/..2/a.yaml", "2"); g.link("rules/..data", "..2"); g.remove("rules/..1") },
				func(g ground) { g.file("rules/..3/a.yaml", "3"); g.link("rules/..data", "..3"); g.remove("rules/..2") },
			},
		},
		"one file of a ConfigMap elsewhere": {
			"rules",
			func(g ground) {
				two(g)
				g.link("mount/..data", "../1/rules")
				g.link("mount/a.yaml", "..data/a.yaml")
				g.link("rules/a.yaml", "../mount/a.yaml")
			},
			[]func(ground){swap("mount/..data", "../2/rules"), write("2/rules/a.yaml", "3"), swap("rules/a.yaml", "../1/rules/a.yaml")},
		},
		"a context file behind links": {
			"context.yaml",
			func(g ground) { two(g); g.link("mount", "1"); g.link("context.yaml", "mount/rules/a.yaml") },
			[]func(ground){swap("mount", "2"), write("2/rules/a.yaml", "3")},
		},
		"a link to a link to a link": {
			"rules",
			func(g ground) { two(g); g.link("x/c", "../1/rules"); g.link("y/b", "../x/c"); g.link("rules", "y/b") },
			[]func(ground){swap("x/c", "../2/rules"), swap("y/b", "../1/rules"), swap("rules", "2/rules")},
		},
		"a link that is absolute": {
			"rules",
			func(g ground) { two(g); g.link("rules", g.path("etc/rules")); g.link("etc", g.path("1")) },
			[]func(ground){func(g ground) { g.link("etc", g.path("2")) }},
		},
		"a link in the middle is removed and comes back": {
			"rules",
			func(g ground) { two(g); g.link("mid/data", "../1"); g.link("rules", "mid/data/rules") },
			[]func(ground){
				func(g ground) { g.remove("mid/data") }, swap("mid/data", "../2"),
				func(g ground) { g.remove("mid") }, swap("mid/data", "../1"), write("1/rules/a.yaml", "3"),
			},
		},
		"a link that leads nowhere until its target comes": {
			"rules",
			func(g ground) { g.link("rules", "later/on/rules") },
			[]func(ground){write("later/on/rules/a.yaml", "1"), write("later/on/rules/b.yaml", "2")},
		},
		"a folder above is renamed and another takes its place": {
			"1/rules", two,
			[]func(ground){
				func(g ground) { g.move("1", "old") }, func(g ground) { g.move("2", "1") }, write("1/rules/a.yaml", "3"),
			},
		},
		"two folders change places at once": {
			"1/rules", two,
			[]func(ground){
				func(g ground) { g.move("1", "0"); g.move("2", "1"); g.move("0", "2") }, write("1/rules/a.yaml", "3"),
				func(g ground) { g.move("1", "0"); g.move("2", "1"); g.move("0", "2") }, write("1/rules/a.yaml", "4"),
			},
		},
		"a link that goes in circles until it doesn't": {
			"rules",
			func(g ground) { two(g); g.link("rules", "rules") },
			[]func(ground){swap("rules", "1/rules")},
		},
	}
}

// TestBystanders holds what isn't of concern: neighbors of the links and of the folders on the way.
// TestBystanders holds what isn't of concern: neighbors of the links and of the folders on the way.
func TestBystanders(t *testing.T) {
	g := ground{t, t.TempDir()}
	g.file("1/rules/a.yaml", "1")
	g.link("mid/data", "../1")
	g.link("rules", "mid/data/rules")
	var watched []string
	p := &places{
		add:  func(dir string) error { watched = append(watched, dir); return nil },
		dirs: map[string]bool{}, names: map[string]bool{},
	}
	p.tree(g.path("rules"))
	for _, name := range []string{"rules", "mid", "mid/data", "1", "1/rules", "1/rules/a.yaml", "1/rules/new/deep"} {
		if !p.concern(g.path(name)) {
			t.Errorf("%s is of no concern", name)
		}
	}
	for _, name := range []string{"other", "mid/other", "1/other", "1/rules.bak", "rules.bak"} {
		if p.concern(g.path(name)) {
			t.Errorf("%s is of concern", name)
		}
	}
	for _, name := range []string{"", "mid", "1", "1/rules"} {
		if !slices.Contains(watched, g.path(name)) {
			t.Errorf("%s isn't watched, only %v", g.path(name), watched)
		}
	}
}

// TestClosedAbove holds that a folder which can't be listed may lie above the rules, but not be theirs.
func TestClosedAbove(t *testing.T) {
	g := ground{t, t.TempDir()}
	g.file("closed/rules/a.yaml", "1")
	refuse := func(closed string) []error {
		p := &places{dirs: map[string]bool{}, names: map[string]bool{}, add: func(dir string) error {
			if dir == g.path(closed) {
				return fs.ErrPermission
			}
			return nil
		}}
		p.tree(g.path("closed/rules/a.yaml"))
		return p.errs
	}
	if errs := refuse("closed"); len(errs) > 0 {
		t.Errorf("a folder above: %v", errs)
	}
	if errs := refuse("closed/rules"); len(errs) != 1 || !errors.Is(errs[0], fs.ErrPermission) {
		t.Errorf("the folder of the rules: want an error, got %v", errs)
	}
}
