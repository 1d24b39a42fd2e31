package secret_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/secret"
)

// spellings are the ways in which others write what they were sent, by name.
func spellings() map[string]func(string) string {
	inJSON := func(s string) string {
		text, _ := json.Marshal(s) // a string always can be
		return string(text[1 : len(text)-1])
	}
	every := func(format string) func(string) string {
		return func(s string) (out string) {
			for _, b := range []byte(s) {
				out += fmt.Sprintf(format, b)
			}
			return out
		}
	}
	return map[string]func(string) string{
		"as it is":              func(s string) string { return s },
		"percent":               url.QueryEscape,
		"percent, lower case":   func(s string) string { return strings.ToLower(every("%%%02X")(s)) },
		"percent, whole":        every("%%%02X"),
		"percent, every second": func(s string) string { return s[:len(s)/2] + every("%%%02x")(s[len(s)/2:]) },
		"JSON":                  inJSON,
		"JSON, slashes":         func(s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) },
		"Go":                    func(s string) string { q := fmt.Sprintf("%q", s); return q[1 : len(q)-1] },
		"HTML":                  html.EscapeString,
		"base64":                func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64 in front of more": func(s string) string {
			return base64.StdEncoding.EncodeToString([]byte(s + ", and more"))
		},
		"base64 behind a user": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
		"base64 behind two":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte("ab" + s + "c")) },
		"base64 for URLs":      func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("a" + s)) },
	}
}

// traces are texts that would give the secret away: most of it, as it is or in base64.
func traces(s string) []string {
	all := []string{s[1:], s[:len(s)-1]}
	for offset := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + s))
		all = append(all, text[4:len(text)-3], strings.NewReplacer("+", "-", "/", "_").Replace(text[4:len(text)-3]))
	}
	return all
}

func TestClean(t *testing.T) {
	for _, s := range []string{
		"6f1d2c3b-4a59-4e8d-9c7b-0a1b2c3d4e5f", "Xk8Q~.abc_DEF-123", `p"a\ss/w%4 ord+?`, "schlüssel-ünd-😀", "<token>&'12",
		"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln", strings.Repeat("a", 8), `\\\\\\\\`, "%%%%%%%%",
	} {
		k := secret.NewKeeper()
		k.Hold("test", s)
		all := spellings()
		for outer, around := range all {
			for inner, within := range all {
				if strings.HasPrefix(outer, "base64") && inner != "as it is" {
					continue // what lies deeper in base64 than the secret itself isn't looked for
				}
				text := around(within(s))
				// Quotes and brackets can't be parts of what is encoded.
				got := k.Clean(`{"error": "` + text + `"} [` + text + "]")
				for _, trace := range traces(s) {
					if strings.Contains(got, trace) {
						t.Errorf("%s in %s in %s: %q stays in %q", s, inner, outer, trace, got)
					}
				}
				if !strings.Contains(got, secret.Mask) || !strings.HasPrefix(got, `{"error": "`) || !strings.HasSuffix(got, "]") {
					t.Errorf("%s in %s in %s: %q", s, inner, outer, got)
				}
			}
		}
	}
}

func TestCleanLeavesTheRest(t *testing.T) {
	k := secret.NewKeeper()
	k.Hold("test", "fake-secret-value")
	for text, want := range map[string]string{
		"":                                      "",
		"nothing secret":                        "nothing secret",
		"a fake-secret-valuex":                  "a ***x",
		"fake-secret-valu and":                  "fake-secret-valu and",
		"it was fake-secr":                      "it was ***", // cut off
		"it was fake-se... again":               "it was ***... again",
		"it was fake%2Dse%2...":                 "it was ***%2...",
		"it was fake":                           "it was fake",
		"fake-secret-value=fake-secret-value&x": "***=***&x",
		"Basic ZmFrZS1zZWNyZXQtdmFsdWU=":        "Basic ***",
	} {
		if got := k.Clean(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

func TestKeeperRemembersFormerSecrets(t *testing.T) {
	k := secret.NewKeeper()
	for i := range 3 {
		k.Hold("file", fmt.Sprintf("generation-%d", i))
	}
	k.Hold("file", "short")
	if got, want := k.Clean("generation-0 generation-1 generation-2 short"), "*** *** *** short"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for i := range 100 {
		k.Hold("file", fmt.Sprintf("later-value-%03d", i))
	}
	if got := k.Clean("generation-0, later-value-099"); got != "generation-0, ***" {
		t.Errorf("got %q: what is remembered must have an end, and the latest must be part of it", got)
	}
}

func TestCleanError(t *testing.T) {
	k := secret.NewKeeper()
	k.Hold("test", "fake-secret-value")
	inner := &fs.PathError{Op: "open", Path: "fake-secret-value", Err: fs.ErrNotExist}
	err := k.CleanError(fmt.Errorf("read: %w", inner))
	if want := "read: open ***: file does not exist"; err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %s around the error", err, want)
	}
	if plain := errors.New("plain"); k.CleanError(plain).Error() != "plain" || k.CleanError(nil) != nil {
		t.Error("an error without secrets is changed")
	}
	var none *secret.Keeper
	if none.Clean("fake-secret-value") != "fake-secret-value" {
		t.Error("no keeper cleans")
	}
}

func TestHoldEnvironment(t *testing.T) {
	env := map[string]string{
		"AZURE_CLIENT_SECRET": "fake-client-secret", "IDENTITY_HEADER": "fake-identity-header",
		"HTTPS_PROXY": "http://relay:fake%2Dproxy-password@proxy.example.com:3128", "https_proxy": "relay:fake-second-password@proxy:1",
	}
	k := secret.NewKeeper()
	k.HoldEnvironment(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	text := "fake-client-secret fake-identity-header fake-proxy-password fake-second-password relay"
	if got := k.Clean(text); got != "*** *** *** *** relay" {
		t.Errorf("got %q", got)
	}
}

// TestCleanAtTheEnd holds that a secret goes as a whole where a text ends with it, in whatever escapes, or is cut behind it.
func TestCleanAtTheEnd(t *testing.T) {
	const s = "fake-secret/of some+length"
	k := secret.NewKeeper()
	k.Hold("test", s)
	all := map[string]string{}
	for _, c := range []byte(s) {
		all["percent"] += fmt.Sprintf("%%%02x", c)
		all["percent twice"] += fmt.Sprintf("%%25%02x", c)
		all["JSON"] += fmt.Sprintf(`\u%04x`, c)
		all["HTML"] += fmt.Sprintf("&#x%x;", c)
	}
	for name, text := range all {
		for _, end := range []string{"", "...", " and so on"} {
			if got := k.Clean("said " + text + end); got != "said "+secret.Mask+end {
				t.Errorf("%s before %q: %q", name, end, got)
			}
		}
	}
}

// FuzzClean holds that no secret comes through in any spelling, and that text without one stays as it is.
func FuzzClean(f *testing.F) {
	f.Add("fake-secret-value", "before ", " after", uint8(0), uint8(1))
	f.Add(`p"a\ss/w%4 ord+?`, `\u00`, `%2`, uint8(5), uint8(9))
	f.Add(`\\\\\\\\`, `\`, `\`, uint8(3), uint8(3))
	names := []string{}
	all := spellings()
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range len(all) * len(all) {
		f.Add(`""&\\\\ \%%&`, "&", "%", uint8(i/len(all)), uint8(i%len(all)))
	}
	f.Fuzz(func(t *testing.T, s, before, after string, inner, outer uint8) {
		if len(s) < secret.MinLength || len(s) > 200 || strings.ToValidUTF8(s, "") != s {
			return
		}
		k := secret.NewKeeper()
		k.Hold("fuzz", s)
		first, second := names[int(inner)%len(names)], names[int(outer)%len(names)]
		if strings.HasPrefix(second, "base64") {
			first = "as it is"
		}
		text := all[second](all[first](s))
		got := k.Clean(before + "\n" + text + "\n" + after)
		if strings.Contains(got, text) && !strings.Contains(before+after, text) {
			t.Errorf("%q in %s in %s comes through: %q", s, first, second, got)
		}
		if !strings.Contains(got, secret.Mask) {
			t.Errorf("%q in %s in %s isn't seen: %q", s, first, second, got)
		}
		spelled := s + strings.Join(traces(s), "") + all["base64 behind two"](s) + `%\&+` // whatever a spelling can consist of
		other := strings.Map(func(r rune) rune {
			if strings.ContainsRune(spelled, r) {
				return -1
			}
			return r
		}, before+after)
		if got := k.Clean(other); got != other {
			t.Errorf("%q became %q without a trace of %q", other, got, s)
		}
	})
}

// BenchmarkClean is about a failure's text, which mostly holds no secret.
func BenchmarkClean(b *testing.B) {
	k := secret.NewKeeper()
	for i := range 30 {
		k.Hold(i, fmt.Sprintf("%d-fake-secret-of-some-length-%d", i*7919, i))
	}
	const text = "the service answered 403 Forbidden: InsufficientAccessError: The provided credentials have insufficient access to perform the requested operation"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		k.Clean(text)
	}
}
