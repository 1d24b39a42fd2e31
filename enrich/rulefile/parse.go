package rulefile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// apiVersion is the only version of the format so far.
const apiVersion = "riskrelay/v1"

// Parse reads the rule file called name, which stands in messages only. The pack holds what could be read, even
// beside errors, so that later checks can report theirs in the same run; it is nil when data isn't YAML at all. The
// problems are sorted; they are empty or warnings when the file is good.
func Parse(name string, data []byte) (pack *Pack, problems Problems) {
	if len(data) > MaxFileSize {
		message := fmt.Sprintf("the file has %d bytes, at most %d are read; split it", len(data), MaxFileSize)
		return nil, Problems{{Pos: Pos{File: name}, Severity: Error, Code: CodeLimit, Message: message}}
	}
	if i := invalidUTF8(data); i >= 0 {
		message := fmt.Sprintf("byte %d is not UTF-8", i+1)
		return nil, Problems{{Pos: Pos{File: name}, Severity: Error, Code: CodeSyntax, Message: message}}
	}
	content := normalized(data)
	src := newSource(name, content)
	defer func() { // the YAML library panics on some malformed input; such a file is refused like any other
		if r := recover(); r != nil {
			message := fmt.Sprintf("the YAML can't be read: %v", r)
			pack, problems = nil, Problems{{Pos: Pos{File: name}, Severity: Error, Code: CodeSyntax, Message: message}}
		}
	}()
	root, problems := tree(src, content)
	if root == nil {
		return nil, problems
	}
	d := &decoder{source: src, problems: problems}
	pack = d.pack(root)
	d.problems.Sort()
	return pack, d.problems
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
	p := &Pack{File: d.source.file}
	if meta := root.child("metadata"); meta != nil {
		d.path = strings.Join(strings.Fields("pack "+meta.childText("name")+" "+meta.childText("version")), " ")
	}
	d.fields(root, "a rule file", []field{
		{"apiVersion", required, func(n *node) { d.constant(n, apiVersion) }},
		{"kind", required, func(n *node) { d.constant(n, "RulePack") }},
		{"metadata", required, func(n *node) { d.metadata(n, p) }},
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
	})
}

func (d *decoder) list(n *node) (l List) {
	d.fields(n, "a list", []field{
		{"name", required, func(n *node) { l.Name = d.text(n, snakeCase) }},
		{"doc", optional, func(n *node) { l.Doc = d.text(n, anything) }},
		{"case", optional, func(n *node) { l.CaseInsensitive = d.text(n, oneOf("sensitive", "insensitive")).Value == "insensitive" }},
		{"items", required, func(n *node) {
			if len(n.items) > MaxListItems {
				d.report(n, CodeLimit, fmt.Sprintf("the list has %d items, at most %d are allowed", len(n.items), MaxListItems))
				return
			}
			l.Items = d.texts(n, anything)
		}},
	})
	return l
}

func (d *decoder) macro(n *node) (m Macro) {
	d.fields(n, "a macro", []field{
		{"name", required, func(n *node) { m.Name = d.text(n, snakeCase) }},
		{"doc", optional, func(n *node) { m.Doc = d.text(n, anything) }},
		{"params", optional, func(n *node) { m.Params = d.texts(n, identifier) }},
		{"expr", required, func(n *node) { m.Expr = d.expression(n) }},
	})
	return m
}

// normalized is data without a byte order mark and with one kind of line end; YAML takes a lone CR for one, too.
func normalized(data []byte) string {
	text := strings.TrimPrefix(string(data), "\uFEFF")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}
