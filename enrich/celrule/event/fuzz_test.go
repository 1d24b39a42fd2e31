package event

import (
	"slices"
	"strings"
	"testing"
)

func FuzzFold(f *testing.F) {
	f.Add("Update application – Certificates and secrets management ")
	f.Add("a. .")
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Fatalf("fold(%q) = %q, again %q", s, once, twice)
		}
	})
}

func FuzzCredential(f *testing.F) {
	f.Add("[KeyIdentifier=b7a1,KeyType=Password,KeyUsage=Verify,DisplayName=a=b, c]d]")
	f.Fuzz(func(t *testing.T, name string) {
		c := parseCredential(name) // any text
		_ = c
		if c = parseCredential("[KeyIdentifier=x,KeyType=Password,KeyUsage=Verify,DisplayName=" + name + "]"); c.name != name || c.id != "x" {
			t.Fatalf("the display name %q became %+v", name, c)
		}
	})
}

func FuzzPermissions(f *testing.F) {
	f.Add("[] => [[Id: AbC, ConsentType: Principal, Scope:  Mail.Read offline_access, CreatedDateTime: ]]; ")
	f.Fuzz(func(t *testing.T, s string) {
		p := parsePermissions(s)
		for _, scope := range p.added {
			if !slices.Contains(p.scopes, scope) {
				t.Fatalf("%q: added %q isn't among %q", s, scope, p.scopes)
			}
		}
		for _, scope := range p.scopes {
			if strings.ContainsAny(scope, ",] \t\n") {
				t.Fatalf("%q: scope %q", s, scope)
			}
		}
	})
}

func FuzzURI(f *testing.F) {
	f.Add("https://user@*.App.Contoso.example:8443/cb?x#y")
	f.Add("http://[::ffff:127.0.0.1]/")
	f.Fuzz(func(t *testing.T, s string) {
		if u := parseURI(s); !u.valid && (u.host != "" || u.scheme != "" || u.loopback || u.ip) || u.host != strings.ToLower(u.host) {
			t.Fatalf("%q: %+v", s, u)
		}
	})
}

func FuzzLooksLike(f *testing.F) {
	f.Add("Micros0ft", "Microsoft")
	f.Fuzz(func(t *testing.T, a, b string) {
		if looksLike(a, []string{a}) {
			t.Fatalf("%q looks like itself", a)
		}
		if looksLike(a, []string{b}) != looksLike(b, []string{a}) {
			t.Fatalf("%q and %q: the order matters", a, b)
		}
	})
}
