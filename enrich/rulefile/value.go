package rulefile

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

func anything(string) string { return "" }

func notBlank(value string) string {
	if strings.TrimSpace(value) == "" {
		return "want some text, found nothing"
	}
	return ""
}

// matching returns a check for a pattern; want says it in words.
func matching(pattern, want string) check {
	re := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(value string) string {
		if re.MatchString(value) {
			return ""
		}
		return fmt.Sprintf("`%s` can't stand here: want %s", value, want)
	}
}

var (
	packName   = matching(`[a-z0-9]+(-[a-z0-9]+)*`, "a name of a-z, 0-9 and hyphens, such as my-rules")
	slug       = matching(`[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)?`, "a row of the guide or one of its notes, such as credentials-added or credentials-added/unused-type")
	snakeCase  = matching(`[a-z][a-z0-9_]*`, "a name in snake_case, such as tier0_roles")
	identifier = matching(`[A-Za-z_][A-Za-z0-9_]*`, "a name of letters, digits and underscores")
	dottedID   = matching(`[a-z0-9_-]+(\.[a-z0-9_-]+)+`, "a dotted id in lower case, such as entra.app.credential.added")
	revision   = matching(`(sha256:)?[0-9a-f]{12,64}|[A-Za-z0-9_.]+:[0-9a-f]{8,64}(\s+[A-Za-z0-9_.]+:[0-9a-f]{8,64})*`,
		"the parts of a rule with their revisions, such as when:3f1c0a9b lists.noise:77d0e1aa, or the whole rule's, such as sha256:3f1c0a9b2d4e")
	// Letters of any script, as a tenant may write its domain; the ends of names below it are found without a wildcard.
	domain = matching(`[\pL\pM\pN_]([\pL\pM\pN_-]*[\pL\pM\pN_])?(\.[\pL\pM\pN_]([\pL\pM\pN_-]*[\pL\pM\pN_])?)*\.?`,
		"a domain such as contoso.example, which stands for all names below it, too: no wildcard, scheme or port")
	// https://attack.mitre.org: techniques, sub-techniques, tactics
	attackID = matching(`T[0-9]{4}(\.[0-9]{3})?|TA[0-9]{4}`, "an ATT&CK technique or tactic, such as T1098.001 or TA0003")
	// https://semver.org
	semver = matching(`(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?`,
		"a semantic version, such as 1.4.0")
)

func oneOf(words ...string) check {
	return func(value string) string {
		if slices.Contains(words, value) {
			return ""
		}
		message := fmt.Sprintf("`%s` can't stand here: want %s", value, strings.Join(words, ", "))
		if s := didYouMean(value, words); s != "" && len(words) > 1 {
			message += "; " + s
		}
		return message
	}
}

func webURL(value string) string {
	if u, err := url.Parse(value); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Sprintf("`%s` can't stand here: want a URL that begins with https://", value)
	}
	return ""
}

// relativePath keeps test files inside the folder of their rule file.
func relativePath(value string) string {
	if value == "" || path.IsAbs(value) || strings.Contains(value, `\`) || path.Clean(value) == ".." || strings.HasPrefix(path.Clean(value), "../") {
		return fmt.Sprintf("`%s` can't stand here: want a path below the rule file's folder, with slashes", value)
	}
	return ""
}
