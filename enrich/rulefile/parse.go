package rulefile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// apiVersion is the only version of the format so far.
const apiVersion = "riskrelay/v1"

// The kinds of files.
const (
	kindPack   = "RulePack"
	kindTuning = "Tuning"
)

// Parse reads the rule file called name, which stands in messages only. The pack holds what could be read, even
// beside errors, so that later checks can report theirs in the same run; it is nil when data isn't YAML at all. The
// problems are sorted; they are empty or warnings when the file is good.
func Parse(name string, data []byte) (pack *Pack, problems diag.Problems) {
	problems = read(name, data, func(d *decoder, root *node) { pack = d.pack(root) })
	return pack, problems
}

// read makes a tree of a file and hands it to decode. Problems that keep it from being a tree come back alone.
func read(name string, data []byte, decode func(*decoder, *node)) diag.Problems {
	return readUpTo(MaxFileSize, name, data, decode)
}

func readUpTo(limit int, name string, data []byte, decode func(*decoder, *node)) (problems diag.Problems) {
	refuse := func(code, format string, args ...any) diag.Problems {
		return diag.Problems{{Pos: diag.Pos{File: name}, Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	if len(data) > limit {
		return refuse(CodeLimit, "the file is larger than %d bytes; split it", limit)
	}
	if i := invalidUTF8(data); i >= 0 {
		return refuse(CodeSyntax, "byte %d is not UTF-8", i+1)
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return refuse(CodeSyntax, "byte %d is zero: this is not a text file", i+1)
	}
	content := normalized(data)
	src := diag.NewSource(name, content)
	defer func() { // the YAML library's tree of some malformed input has holes; such a file is refused like any other
		if r := recover(); r != nil {
			problems = refuse(CodeSyntax, "the YAML can't be read: %v", r)
		}
	}()
	root, problems := tree(src, content, limit)
	if root == nil {
		return problems
	}
	d := &decoder{source: src, problems: problems}
	decode(d, root)
	d.rest()
	d.problems.Sort()
	return d.problems
}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	valid := bytes.ToValidUTF8(data, []byte{0})
	for i := range valid {
		if valid[i] != data[i] {
			return i
		}
	}
	return len(valid)
}

// pack reads a whole file.
func (d *decoder) pack(root *node) *Pack {
	p := &Pack{File: d.source.File}
	if meta := root.child("metadata"); meta != nil {
		d.path = strings.Join(strings.Fields("pack "+meta.childText("name")+" "+meta.childText("version")), " ")
	}
	d.fields(root, "a rule file", []field{
		{"apiVersion", required, func(n *node) { d.constant(n, apiVersion) }},
		{"kind", required, func(n *node) { d.constant(n, kindPack) }},
		{"metadata", required, func(n *node) { d.metadata(n, p) }},
		{"on_error", optional, d.onError},
		{"lists", optional, func(n *node) { p.Lists = each(d, n, "", "list", "name", d.list) }},
		{"macros", optional, func(n *node) { p.Macros = each(d, n, "", "macro", "name", d.macro) }},
		{"rules", optional, func(n *node) { p.Rules = each(d, n, "", "rule", "id", d.rule) }},
	})
	return p
}

func (d *decoder) metadata(n *node, p *Pack) {
	d.fields(n, "metadata", []field{
		{"name", required, func(n *node) { p.Name = d.text(n, packName) }},
		{"version", required, func(n *node) { p.Version = d.text(n, semver) }},
		{"article", optional, func(n *node) { p.Article = d.text(n, webURL) }},
		{"requires", optional, func(n *node) {
			d.fields(n, "requires", []field{{"engine", required, func(n *node) { p.Engine = d.constraint(n) }}})
		}},
	})
	if p.Engine.Present() && !p.Engine.Holds(EngineVersion) {
		message := fmt.Sprintf("the pack needs a rule engine %s, this is %s: use another version of riskrelay or of the pack", p.Engine.Value, EngineVersion)
		d.problems = append(d.problems, p.Engine.Problem(CodeConflict, 0, 0, message))
	}
}

// onError reads what happens when a rule fails. There is one answer: the event goes out with the failure under
// risk.errors.
func (d *decoder) onError(n *node) { d.constant(n, "annotate") }

// normalized is data without a byte order mark and with one kind of line end; YAML takes a lone CR for one, too.
func normalized(data []byte) string {
	text := strings.TrimPrefix(string(data), "\uFEFF")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}
