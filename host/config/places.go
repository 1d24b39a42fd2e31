package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// places are where the keys of the files stand, so that what is wrong with a value can be said there. A key is known by its
// path, such as sinks.splunk_hec[1].url; items are counted over all files, as files add to lists.
type places struct {
	at     map[string]place
	items  map[string]int // in each list so far, by its path
	broken []string       // paths of parts that couldn't be read as they were meant
	lost   bool           // a part stands under a key that doesn't exist, so that what it means to say is missing elsewhere
}

// place is a key, or an item of a list, of a file.
type place struct {
	source *sourceFile
	node   ast.Node
}

func newPlaces() *places { return &places{at: map[string]place{}, items: map[string]int{}} }

// note notes where the keys below n stand, whose own path is given.
func (p *places) note(s *sourceFile, n ast.Node, path string) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			p.note(s, pair, path)
		}
	case *ast.MappingValueNode:
		key := strings.TrimPrefix(path+"."+n.Key.GetToken().Value, ".")
		p.at[key] = place{s, n.Key}
		p.note(s, n.Value, key)
	case *ast.SequenceNode:
		for _, item := range n.Values {
			key := fmt.Sprintf("%s[%d]", path, p.items[path])
			p.items[path]++
			p.at[key] = place{s, firstKey(item)}
			p.note(s, item, key)
		}
	}
}

// firstKey is where a mapping begins; any other node is itself.
func firstKey(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return n.Values[0].Key
		}
	case *ast.MappingValueNode:
		return n.Key
	}
	return n
}

// spoil notes that the parts of a file in which problems stand can't be judged: what is missing there may be what was
// misspelt.
func (p *places) spoil(s *sourceFile) {
	for _, problem := range s.problems {
		path, last := "", diag.Pos{}
		for key, at := range p.at {
			pos := s.at("", at.node, "").Pos
			if at.source == s && !after(pos, problem.Pos) && (path == "" || after(pos, last)) {
				path, last = key, pos
			}
		}
		if problem.Code == CodeUnknown && !strings.ContainsAny(path, ".[") {
			p.lost = true
		}
		p.broken = append(p.broken, section(path))
	}
}

// unread notes that a file, or a part of one, is missing from the configuration.
func (p *places) unread() { p.lost, p.broken = true, append(p.broken, "") }

func after(a, b diag.Pos) bool { return a.Line > b.Line || a.Line == b.Line && a.Column > b.Column }

// section is the part of the configuration that a path is in and that means something by itself: an item of a list, or what
// stands under the first two keys.
func section(path string) string {
	if end := strings.IndexByte(path, ']'); end >= 0 {
		return path[:end+1]
	}
	keys := strings.SplitN(path, ".", 3)
	return strings.Join(keys[:min(2, len(keys))], ".")
}

// certain reports whether a problem with the value at the path is one, and doesn't follow from another problem.
func (p *places) certain(path string) bool {
	if _, there := p.at[path]; !there && p.lost {
		return false
	}
	for _, b := range p.broken {
		if strings.HasPrefix(path, b) || strings.HasPrefix(b, path) {
			return false
		}
	}
	return true
}

// problem is an error about the value at the path. It stands at the key that the message begins with, if it does, and at the
// nearest key around it that there is; file is for values that no file gives.
func (p *places) problem(path, file, message string, err error) diag.Problem {
	key, _, _ := strings.Cut(err.Error(), ":")
	for path = path + "." + key; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if at, ok := p.at[path]; ok {
			return at.source.at(CodeValue, at.node, message)
		}
	}
	return diag.Problem{Pos: diag.Pos{File: file}, Severity: diag.Error, Code: CodeValue, Message: message}
}
