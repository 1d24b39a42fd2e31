package event

import (
	"slices"
	"strings"
	"testing"
)

func TestChange(t *testing.T) {
	const (
		certificate = `[KeyIdentifier=3F0C,KeyType=AsymmetricX509Cert,KeyUsage=Verify,DisplayName=CN=orders]`
		renamed     = `[KeyIdentifier=3f0c,KeyType=AsymmetricX509Cert,KeyUsage=Verify,DisplayName=other, name]`
		password    = `[KeyIdentifier=b7a1,KeyType=Password,KeyUsage=Verify,DisplayName=tmp]`
		signing     = `[KeyIdentifier=b7a1,KeyType=AsymmetricX509Cert,KeyUsage=Sign,DisplayName=tmp]`
	)
	text := func(json string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(json) + `"` }
	for _, c := range []struct {
		name, property, before, after string
		added, removed                []string
		old, new                      string
	}{
		{"a credential more, order changed", "KeyDescription", text(`["` + certificate + `"]`), text(`["` + password + `","` + certificate + `"]`), []string{password}, nil, `["` + certificate + `"]`, `["` + password + `","` + certificate + `"]`},
		{"a credential renamed", "keydescription", text(`["` + certificate + `"]`), text(`["` + renamed + `"]`), nil, nil, `["` + certificate + `"]`, `["` + renamed + `"]`},
		{"a key that signs and its password share an identifier", "KeyDescription", text("[]"), text(`["` + password + `","` + signing + `"]`), []string{signing, password}, nil, "[]", `["` + password + `","` + signing + `"]`},
		{"the first credential", "KeyDescription", text("[]"), text(`["` + password + `"]`), []string{password}, nil, "[]", `["` + password + `"]`},
		{
			"addresses", "AppAddress", text(`[{"AddressType":0,"Address":"https://a.example/cb"}]`), text(`[{"ReplyAddressClientType":1,"Address":"https://b.example/cb"},{"Address":"https://a.example/cb"}]`),
			[]string{"https://b.example/cb"},
			nil, `[{"Address":"https://a.example/cb","AddressType":0}]`, `[{"Address":"https://b.example/cb","ReplyAddressClientType":1},{"Address":"https://a.example/cb"}]`,
		},
		{"scopes in other letters", "DelegatedPermissionGrant.Scope", text(`" User.Read"`), text(`" user.read Mail.Read mail.read"`), []string{"Mail.Read"}, nil, " User.Read", " user.read Mail.Read mail.read"},
		{"scopes", "DelegatedPermissionGrant.Scope", text(`" User.Read"`), text(`" User.Read Mail.Read"`), []string{"Mail.Read"}, nil, " User.Read", " User.Read Mail.Read"},
		{"names between semicolons", "TargetId.ServicePrincipalNames", "null", text(`"a;b; c;;a"`), []string{"a", "b", "c"}, nil, "", "a;b; c;;a"},
		{"a list of texts", "AppIdentifierUri", text(`["api://a","api://b"]`), text(`["api://b"]`), nil, []string{"api://a"}, `["api://a","api://b"]`, `["api://b"]`},
		{"several are sorted, in whichever order they come", "AppIdentifierUri", text(`["api://z","api://y"]`), text(`["api://c","api://a","api://b"]`), []string{"api://a", "api://b", "api://c"}, []string{"api://y", "api://z"}, `["api://z","api://y"]`, `["api://c","api://a","api://b"]`},
		{"a list of objects, members in another order", "X", text(`[{"a":1,"b":2}]`), text(`[{"b":2,"a":1},{"a":1}]`), []string{`{"a":1}`}, nil, `[{"a":1,"b":2}]`, `[{"a":1,"b":2},{"a":1}]`},
		{"a scalar", "DisplayName", text(`"old"`), text(`"new"`), []string{"new"}, []string{"old"}, "old", "new"},
		{"plain text", "DisplayName", text("old"), text("new"), []string{"new"}, []string{"old"}, "old", "new"},
		{"a number keeps its digits", "X", text("007"), text("12345678901234567890"), []string{"12345678901234567890"}, []string{"007"}, "007", "12345678901234567890"},
		{"real JSON", "X", `["a"]`, `["a","b"]`, []string{"b"}, nil, `["a"]`, `["a","b"]`},
		{"empty text and null", "X", `""`, "null", nil, nil, "", ""},
		{"null as text", "X", text("null"), text(`""`), nil, nil, "", ""},
		{"a list in a text in a text", "X", "null", text(text(`["a"]`)), []string{"a"}, nil, "", `["a"]`},
		{"broken JSON stays text", "X", "null", text(`["a`), []string{`["a`}, nil, "", `["a`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := frameOf(t, `{"Type":"AuditLogs","TargetResources":[{"type":"User","modifiedProperties":null},{"type":"Application","modifiedProperties":[{"displayName":"`+
				c.property+`","oldValue":`+c.before+`,"newValue":`+c.after+`}]}]}`)
			got := f.change(strings.ToUpper(c.property))
			if !got.present || !slices.Equal(got.added(), c.added) || !slices.Equal(got.removed(), c.removed) {
				t.Errorf("present %v, added %q, removed %q; want %q, %q", got.present, got.added(), got.removed(), c.added, c.removed)
			}
			if valueText(got.old) != c.old || valueText(got.new) != c.new {
				t.Errorf("old %q, new %q; want %q, %q", valueText(got.old), valueText(got.new), c.old, c.new)
			}
		})
	}
}

func TestChanged(t *testing.T) {
	f := frameOf(t, `{"Type":"AuditLogs","TargetResources":"[{\"type\":\"Application\",\"modifiedProperties\":[{\"displayName\":\"AppAddress\",\"oldValue\":\"[]\",\"newValue\":\"[]\"},{\"displayName\":\"Included Updated Properties\",\"oldValue\":null,\"newValue\":\"\\\"KeyDescription, DisplayName\\\"\"}]}]","AdditionalDetails":[{"key":"User-Agent","value":"curl"},{"key":"n","value":5}]}`)
	for name, want := range map[string]bool{"AppAddress": true, "keydescription": true, "DisplayName": true, "Key": false, "LogoutUrl": false} {
		if f.changed(name) != want {
			t.Errorf("changed(%s) = %v", name, !want)
		}
	}
	if got := f.change("LogoutUrl"); got.present || len(got.added()) > 0 || valueText(got.new) != "" {
		t.Errorf("an absent change is %+v", got)
	}
	if f.target("user").present || f.target("APPLICATION").typ != "Application" {
		t.Error("target by type")
	}
	if f.detail("user-agent") != "curl" || f.detail("n") != "5" || f.detail("x") != "" {
		t.Error("detail by key")
	}
}

func TestCredential(t *testing.T) {
	for s, want := range map[string]credential{
		"[KeyIdentifier=B7A1,KeyType=Password,KeyUsage=Verify,DisplayName=a=b, c]d]": {"b7a1", "Password", "Verify", "a=b, c]d"},
		"[KeyUsage=Sign,KeyIdentifier=x,KeyType=Symmetric]":                          {"x", "Symmetric", "Sign", ""},
		"KeyIdentifier=x": {id: "x"},
		"":                {}, "[]": {}, "nonsense": {}, "[DisplayName=]": {},
	} {
		same(t, want, parseCredential(s))
	}
}

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"Update application – Certificates and secrets management ":       "update application - certificates and secrets management",
		"Update application − Certificates\u00a0and  secrets\tmanagement": "update application - certificates and secrets management",
		"Add owner to application.":                                       "add owner to application",
		"already folded":                                                  "already folded",
		" two  spaces":                                                    "two spaces", "x. .": "x", "...": "", "": "", "MICROSOFT.KEYVAULT/VAULTS/WRITE": "microsoft.keyvault/vaults/write",
		"A—B‑C": "a-b-c",
	} {
		if got := Fold(s); got != want {
			t.Errorf("fold(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestURI(t *testing.T) {
	for s, want := range map[string]uri{
		"https://App.Contoso.example:8443/cb":        {valid: true, scheme: "https", host: "app.contoso.example", port: "8443", path: "/cb"},
		"https://*.contoso.example/cb":               {valid: true, scheme: "https", host: "*.contoso.example", path: "/cb", wildcard: true},
		"http://localhost:3000":                      {valid: true, scheme: "http", host: "localhost", port: "3000", loopback: true},
		"http://127.9.9.9/":                          {valid: true, scheme: "http", host: "127.9.9.9", path: "/", loopback: true, ip: true},
		"http://[::1]:80/":                           {valid: true, scheme: "http", host: "::1", port: "80", path: "/", loopback: true, ip: true},
		"http://203.0.113.9/":                        {valid: true, scheme: "http", host: "203.0.113.9", path: "/", ip: true},
		"urn:ietf:wg:oauth:2.0:oob":                  {valid: true, scheme: "urn", path: "ietf:wg:oauth:2.0:oob"},
		"ms-appx-web://microsoft.aad.brokerplugin/x": {valid: true, scheme: "ms-appx-web", host: "microsoft.aad.brokerplugin", path: "/x"},
		"https://xn--cntoso-d4a.example/":            {valid: true, scheme: "https", host: "xn--cntoso-d4a.example", path: "/", punycode: true},
		"https://host.example./":                     {valid: true, scheme: "https", host: "host.example", path: "/"},
		"no uri at all":                              {}, "": {}, "https://[::1": {}, "/path*": {wildcard: true},
	} {
		t.Run(s, func(t *testing.T) { same(t, want, parseURI(s)) })
	}
}

func TestLooksLike(t *testing.T) {
	names := []string{"Microsoft Teams", "Outlook", "Box"}
	for name, want := range map[string]bool{
		"Micros0ft Teams": true, "Microsoft Teems": true, "Microsoft  teams": false, "Мicrosoft Teams": true, "rnicrosoft teams": true,
		"Outlok": true, "0utlook": true, "Outlook": false, "Outlook 2": false, "Bax": false, "": false, "Something else": false,
		strings.Repeat("x", 300): false, "Out\u200blook": true,
	} {
		if got := looksLike(name, names); got != want {
			t.Errorf("looksLike(%q) = %v", name, got)
		}
	}
}

func TestLastGUID(t *testing.T) {
	for s, want := range map[string]string{
		"/a/62E90394-69F5-4237-9190-012177145E10/b/8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
		"62E90394-69F5-4237-9190-012177145E10":                                           guid,
		"62E90394-69F5-4237-9190-012177145E1":                                            "",
		"62E90394_69F5-4237-9190-012177145E10x":                                          "", "": "",
	} {
		if got := lastGUID(s); got != want {
			t.Errorf("lastGUID(%q) = %q, want %q", s, got, want)
		}
	}
}
