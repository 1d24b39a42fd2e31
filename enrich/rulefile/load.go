package rulefile

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Set is a whole configuration of rules, read and put together.
type Set struct {
	Settings Settings
	Packs    []*Pack // with lists filled and tuning applied
	Tunings  []*Tuning
}

// Load reads all files of a configuration: rule packs, tuning files, the context file that the settings name, what
// modules know, and the files that lists name. All problems of all files come back in the order of their places; the set holds what could be
// read, even beside errors. Exceptions end by the pinned clock of the settings, or the wall clock.
func Load(config enrich.Config) (*Set, diag.Problems) {
	l := NewLoader(config)
	settings, problems := l.Settings()
	packs, tunings, found := l.Rules()
	problems = append(problems, found...)
	problems.Sort()
	return &Set{Settings: settings, Packs: packs, Tunings: tunings}, problems
}

// Loader reads a configuration in two steps, for those who have read its rules before: Settings, then Rules.
type Loader struct {
	all      []enrich.File
	set      Set
	files    map[string][]byte
	parsed   map[string]parsed
	items    map[string][]string // file and column -> items
	problems diag.Problems       // of the step
	mixed    bool                // a list of a rule file stands in a file of the context
}

// NewLoader returns a loader that has read nothing yet.
func NewLoader(config enrich.Config) *Loader {
	l := &Loader{all: config.Files, files: map[string][]byte{}, parsed: map[string]parsed{}, items: map[string][]string{}}
	for _, f := range config.Files {
		l.files[f.Name] = f.Data
	}
	l.set.Settings, l.problems = ParseSettings("settings", config.Settings)
	return l
}

// Settings reads the context file, the lists that it names and what modules know.
func (l *Loader) Settings() (Settings, diag.Problems) {
	s := &l.set.Settings
	if name := s.ContextFile; name != "" {
		data, ok := l.files[name]
		if !ok {
			l.problems = append(l.problems, diag.Problem{
				Pos: diag.Pos{File: name}, Severity: diag.Error, Code: CodeFile, Message: "the context file that the settings name is not among the files",
			})
		}
		context, found := ParseContext(name, data)
		s.Context, l.problems = context, append(l.problems, found...)
	}
	l.fillContext()
	l.inform()
	return *s, l.step()
}

// Rules reads the rule and tuning files, and the lists that they name. Settings must have been read before.
func (l *Loader) Rules() (packs []*Pack, tunings []*Tuning, problems diag.Problems) {
	s := &l.set
	l.parse()
	for _, p := range s.Packs {
		for i := range p.Lists {
			l.fill(p.File, p.Lists[i].File, func(items []string) { p.Lists[i].FromFile = items })
		}
	}
	l.problems = append(l.problems, Check(s.Packs)...)
	now := s.Settings.At
	if now.IsZero() {
		now = time.Now()
	}
	l.problems = append(l.problems, Tune(s.Packs, s.Tunings, now)...)
	return s.Packs, s.Tunings, l.step()
}

// Key is the same for two configurations that differ in nothing but what their contexts and clocks say. What Rules has
// read for one is right for the other, too, if it is Reusable. Settings must have been read before.
func (l *Loader) Key() [sha256.Size]byte {
	h := sha256.New()
	part := func(data []byte) {
		_, _ = fmt.Fprintf(h, "%d ", len(data)) // a hash takes everything
		_, _ = h.Write(data)
	}
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		if !l.contextual(name) {
			part([]byte(name))
			part(l.files[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.contextLists())) {
		part([]byte("list " + name))
	}
	for _, name := range slices.Sorted(maps.Keys(l.set.Settings.Unread)) {
		part([]byte("unread " + name))
		part([]byte(l.set.Settings.Unread[name]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Reusable reports whether what Rules has read depends on neither the clock, by which exceptions in tuning files end, nor a
// file of the context, which a list of a rule file may name.
func (l *Loader) Reusable() bool { return len(l.set.Tunings) == 0 && !l.mixed }

// step are the problems since the last step.
func (l *Loader) step() diag.Problems {
	found := l.problems
	l.problems = nil
	return found
}

// contextual reports whether the file holds the context, or what modules know.
func (l *Loader) contextual(name string) bool {
	return name == l.set.Settings.ContextFile || slices.Contains(l.set.Settings.Informed, name)
}

// contextLists are the names of the files that hold lists of the context.
func (l *Loader) contextLists() map[string]bool {
	out := map[string]bool{}
	for _, w := range l.set.Settings.Context.ListFiles {
		out[place(l.set.Settings.ContextFile, w.Path.Value)] = true
	}
	return out
}

// parsed is a rule or tuning file.
type parsed struct {
	pack     *Pack
	tuning   *Tuning
	problems diag.Problems
}

// parse reads rule and tuning files. Which files hold a list is known when all of them were read; these are not rule
// files, whatever they look like.
func (l *Loader) parse() {
	var later []enrich.File
	for _, f := range l.all {
		switch {
		case l.contextual(f.Name):
		case isYAML(f.Name):
			l.parsed[f.Name] = parseEither(f)
		default:
			later = append(later, f)
		}
	}
	lists := l.contextLists()
	for name := range l.parsed {
		for _, ref := range references(name, l.parsed[name].pack) {
			lists[ref] = true
		}
	}
	for _, f := range later {
		if !lists[f.Name] {
			l.parsed[f.Name] = parseEither(f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.parsed)) {
		if p := l.parsed[name]; !lists[name] {
			l.take(p)
		}
	}
}

func (l *Loader) take(p parsed) {
	l.problems = append(l.problems, p.problems...)
	if p.pack != nil {
		l.set.Packs = append(l.set.Packs, p.pack)
	}
	if p.tuning != nil {
		l.set.Tunings = append(l.set.Tunings, p.tuning)
	}
}

func isYAML(name string) bool {
	extension := strings.ToLower(path.Ext(name))
	return extension == "" || extension == ".yaml" || extension == ".yml" || extension == ".json"
}

// parseEither reads a file of either kind.
func parseEither(f enrich.File) (p parsed) {
	p.problems = read(f.Name, f.Data, func(d *decoder, root *node) {
		kind := root.child("kind")
		switch {
		case kind != nil && kind.kind == text && !slices.Contains(kinds(), kind.text.Value):
			d.at("kind", func() { d.text(kind, oneOf(kinds()...)) }) // whatever else is wrong depends on it
		case root.childText("kind") == kindTuning, kind == nil && root.child("for") != nil:
			p.tuning = d.tuning(root)
		default:
			p.pack = d.pack(root)
		}
	})
	return p
}

// kinds are the kinds of files.
func kinds() []string { return []string{kindPack, kindTuning} }

// References are the names of the files that the lists of a rule file are read from: as in the file, joined to its
// folder. Paths that may not stand there are left out. A file that can't be read has none.
func References(name string, data []byte) []string {
	if !strings.Contains(string(data), "file") {
		return nil
	}
	var all []string
	_ = read(name, data, func(d *decoder, root *node) {
		if root.child("kind") == nil {
			return
		}
		if p := d.pack(root); p != nil {
			p.Lists = slices.DeleteFunc(p.Lists, func(l List) bool { return relativePath(l.File.Path.Value) != "" })
			all = references(name, p)
		}
	})
	return all
}

// ContextReferences are the names of the files that the lists of a context file are read from. They may be anywhere.
func ContextReferences(name string, data []byte) []string {
	c, _ := ParseContext(name, data)
	var all []string
	for _, list := range slices.Sorted(maps.Keys(c.ListFiles)) {
		if path := c.ListFiles[list].Path; path.Present() {
			all = append(all, place(name, path.Value))
		}
	}
	return all
}

func references(name string, p *Pack) (all []string) {
	if p == nil {
		return nil
	}
	for _, l := range p.Lists {
		if l.File.Path.Present() {
			all = append(all, place(name, l.File.Path.Value))
		}
	}
	return all
}

// place is a path beside the file called by.
func place(by, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(by), name)
}

// fillContext reads the lists of the context that stand in files.
func (l *Loader) fillContext() {
	c := &l.set.Settings.Context
	for _, name := range slices.Sorted(maps.Keys(c.ListFiles)) {
		l.fill(l.set.Settings.ContextFile, c.ListFiles[name], func(items []string) { c.Lists[name] = items })
	}
}

// inform puts what modules know under the context.
func (l *Loader) inform() {
	for _, name := range l.set.Settings.Informed {
		data, ok := l.files[name]
		if !ok {
			l.problems = append(l.problems, diag.Problem{
				Pos: diag.Pos{File: name}, Severity: diag.Error, Code: CodeFile, Message: "the settings name this file, which is not among the files",
			})
			continue
		}
		told, found := ParseInformed(name, data)
		l.problems = append(l.problems, found...)
		l.set.Settings.Context.under(told)
	}
}

// fill hands the items in the file that w names, and that by named, to use.
func (l *Loader) fill(by string, w Watchlist, use func(items []string)) {
	if !w.Path.Present() {
		return
	}
	name := place(by, w.Path.Value)
	l.mixed = l.mixed || by != l.set.Settings.ContextFile && l.contextual(name)
	data, ok := l.files[name]
	if !ok {
		l.missing(by, name, w)
		return
	}
	key := name + "\n" + w.Column.Value
	items, known := l.items[key]
	if !known {
		var found diag.Problems
		items, found = ParseWatchlist(name, data, w.Column.Value)
		l.items[key], l.problems = items, append(l.problems, found...)
	}
	use(items)
}

// missing reports that the file called name, which w in the file called by names, isn't there.
func (l *Loader) missing(by, name string, w Watchlist) {
	if by != l.set.Settings.ContextFile && relativePath(w.Path.Value) != "" {
		return // the parser has said that it may not stand there; nobody looked whether it is there
	}
	p := w.Path.Problem(CodeFile, 0, 0, fmt.Sprintf("the file `%s` of the list can't be found", w.Path.Value))
	p.Suggestion = "it was looked for at " + name
	if reason := l.set.Settings.Unread[name]; reason != "" {
		p.Message, p.Suggestion = fmt.Sprintf("the file `%s` of the list can't be read: %s", w.Path.Value, reason), ""
	}
	l.problems = append(l.problems, p)
}
