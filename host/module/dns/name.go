package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// maxName is the longest name in its written form without the last dot (RFC 1035, 2.3.4).
const maxName = 253

// The reasons why a host is not looked up.
var (
	errAddress  = errors.New("an IP address, not a name")
	errLong     = fmt.Errorf("longer than %d bytes", maxName)
	errText     = errors.New("not UTF-8")
	errNoSuffix = errors.New("not under a public suffix")
)

// CheckName returns the host in the form in which it is looked up, in lower case and ASCII without a dot at the end
// (RFC 5891). The error says why it is not looked up: addresses, names of the own machine or network, and what is no
// host name.
func CheckName(host string) (string, error) {
	host = strings.TrimSuffix(strings.TrimSpace(host), ".")
	if len(host) > 4*maxName { // no shorter one comes of it
		return "", errLong
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return "", errAddress
	}
	if !utf8.ValidString(host) {
		return "", errText
	}
	name, err := profile().ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("not a host name: %w", err)
	}
	if len(name) > maxName {
		return "", errLong
	}
	return name, checkSuffix(name)
}

// profile is idna.Lookup that also checks the lengths of labels.
var profile = sync.OnceValue(func() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(true), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
})

// checkSuffix checks that name lies under a suffix of https://publicsuffix.org: a name inside a house means nothing to an
// outside resolver, and should not be told to one. "127.1" and the like have no such suffix either.
func checkSuffix(name string) error {
	suffix, icann := publicsuffix.PublicSuffix(name)
	private := strings.Contains(suffix, ".") // rules that somebody wrote down; the default for unknown ones is one label
	if !icann && !private || name == suffix && !private {
		return errNoSuffix
	}
	return nil
}
