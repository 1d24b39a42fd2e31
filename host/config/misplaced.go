package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// misplaced reports a secret that stands where an address or the name of a file belongs, without repeating it.
func (s *sourceFile) misplaced(name string, n ast.Node) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		for _, item := range n.Values {
			s.misplaced(name, item)
		}
	case *ast.MappingNode:
		if name == "settings_files" {
			for _, pair := range n.Values {
				s.misplaced(name, pair.Value)
			}
		}
	case *ast.MappingValueNode:
		if name == "settings_files" {
			s.misplaced(name, n.Value)
		}
	case *ast.LiteralNode:
		s.secretIn(name, n, n.Value.Value)
	case *ast.StringNode:
		s.secretIn(name, n, n.Value)
	}
}

func (s *sourceFile) secretIn(name string, n ast.Node, text string) {
	problem := ""
	switch {
	case strings.HasSuffix(name, "_file") || name == "settings_files":
		if what := inPlaceOfFile(text); what != "" {
			problem = fmt.Sprintf("`%s` names a file, and this looks like %s: write that into a file which only riskrelay's user may read, and name the file here "+
				"(if it is a file's name, write ./ before it)", name, what)
		}
	case slices.Contains(addresses(), name):
		if what := inAddress(text); what != "" {
			problem = fmt.Sprintf("`%s` is an address, and this holds %s: %s", name, what, whereTo(name))
		}
	}
	if problem != "" && !s.full() {
		s.problems = append(s.problems, s.veiled(s.at(CodeValue, n, problem)))
	}
}

// veil stands in place of what isn't shown.
const veil = "***"

// veiled is a problem whose line shows the place, and nothing of what stands there.
func (s *sourceFile) veiled(p diag.Problem) diag.Problem {
	if p.Pos.Line < 1 || p.Pos.Line > len(s.lines) {
		return p
	}
	p.Line, p.Width = strings.Repeat(" ", max(0, p.Pos.Column-1))+veil, len(veil)
	return p
}

// addresses are the keys whose values are addresses.
func addresses() []string {
	return []string{"url", "urls", "endpoint", "audience", "authority", "proxy", "address", "resolver", "server_name", "listen"}
}

// whereTo says where a secret belongs instead of in an address.
func whereTo(name string) string {
	switch name {
	case "proxy":
		return "write user:password into a file and name that in proxy_auth_file"
	case "url", "urls":
		return "write the token into a file and name that in token_file (for Sumo Logic, the whole address, in url_file)"
	case "endpoint", "audience", "authority":
		return "give scheme and host only; who asks is said by credential"
	}
	return "give the address only"
}

// Forms of secrets.
var (
	scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	token  = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`) // Splunk's are GUIDs
	jwt    = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.`)                           // RFC 7519: {" in base64
	// clientSecret is what the directory makes: https://learn.microsoft.com/purview/sit-defn-azure-ad-client-secret
	clientSecret = regexp.MustCompile(`[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}`)
	// random is text with digits and without anything that would divide a name.
	random = regexp.MustCompile(`^[A-Za-z]*[0-9][A-Za-z0-9+=]*$`)
)

// leastRandom is how long a random text is taken for a token and not for a name.
const leastRandom = 24

// looksSecret says which kind of secret a text looks like; "" for none.
func looksSecret(text string) string {
	switch {
	case strings.Contains(text, "-----BEGIN"):
		return "a key or certificate"
	case jwt.MatchString(text), token.MatchString(text), clientSecret.MatchString(text):
		return "a token"
	}
	return ""
}

func inPlaceOfFile(text string) string {
	switch {
	case strings.Contains(text, "-----BEGIN"):
		return looksSecret(text)
	case scheme.MatchString(text):
		return "an address"
	case strings.ContainsAny(text, "\n"):
		return "a text of several lines"
	case strings.ContainsAny(text, `/\`): // parts of a path may look like anything
		return ""
	case len(text) >= leastRandom && random.MatchString(text):
		return "a token"
	case strings.Contains(text, ":"):
		return "user and password"
	}
	return looksSecret(text)
}

func inAddress(text string) string {
	switch {
	case strings.Contains(text, "@"):
		return "a user or password"
	case strings.Contains(text, "?"):
		return "a query, which may be a token"
	case strings.ContainsAny(text, "./"): // a part of it may be somebody's id
		text = token.ReplaceAllString(text, "")
	}
	return looksSecret(text)
}
