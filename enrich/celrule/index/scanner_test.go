package index

import (
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

func scanned(words []string, text string) (found []string) {
	var list []word
	for i, w := range words {
		list = append(list, word{w, int32(i)})
	}
	newScanner(list).scan([]byte(text), nil, func(atom int32) { found = append(found, words[atom]) })
	slices.Sort(found)
	return slices.Compact(found)
}

func TestScanner(t *testing.T) {
	words := []string{"user", "keydescription", "canary00001@contoso.example", "canary00002@contoso.example", "12ab", "kelvin-scale"}
	for text, want := range map[string]string{
		``:                                   "",
		`"use"`:                              "",
		`user`:                               "user",
		`"User"`:                             "user",
		`"xxUSERxx"`:                         "user",
		`"us er"`:                            "",
		`"\u0055ser"`:                        "user",
		`"{\"a\":\"\\u0075ser\"}"`:           "user",
		`[{"displayName":"KeyDescription"}]`: "keydescription",
		`"canary00002@contoso.example"`:      "canary00002@contoso.example",
		`"canary0000@contoso.example"`:       "",
		`"canary00001@contoso.exampl`:        "",
		`"12AB"`:                             "12ab",
		`"\u212aelvin-scale"`:                "kelvin-scale",
		"\"\u212aelvin-scale\"":              "kelvin-scale",
		`{"a":"user","b":"canary00001@contoso.example 12ab`: "12ab canary00001@contoso.example user",
	} {
		if got := strings.Join(scanned(words, text), " "); got != want {
			t.Errorf("%s: found %q, want %q", text, got, want)
		}
	}
}

// FuzzScanner holds that a word is found wherever it stands, however often it was written into JSON in JSON.
func FuzzScanner(f *testing.F) {
	f.Add("KeyDescription", "before ", `\" after`, uint8(2))
	f.Add("user", "é\u212a", "\x00", uint8(0))
	f.Add("canary@contoso.example", "canary@contoso.exampl", "e", uint8(3))
	f.Fuzz(func(t *testing.T, text, before, after string, levels uint8) {
		want := wordOf(text)
		if want == "" {
			return
		}
		if strings.ToLower(want) != want || len(want) < shortestWord || !strings.Contains(strings.ToLower(text), want) {
			t.Fatalf("%q: the word %q", text, want)
		}
		row := before + text + after
		for range 1 + levels%maxLevels {
			row = string(enrich.AppendString(nil, row))
		}
		if !slices.Contains(scanned([]string{want, "other words", "othr"}, row), want) {
			t.Fatalf("%q isn't found in %s", want, row)
		}
	})
}
