package enrich_test

import (
	"encoding/json"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestVisible looks at what is left of texts that are meant to deceive, and at those of many languages, which stay.
func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"":              "",
		"plain\ttext\n": "plain\ttext\n",
		"Zürich 東京 Ελλάδα עברית فارسی\u200cها": "Zürich 東京 Ελλάδα עברית فارسی\u200cها",
		"👩\u200d🚀":            "👩\u200d🚀",
		"a\x1b[2Jb\x00\r\x7f": `a\u001b[2Jb\u0000\u000d\u007f`,
		"user\u202Eexe.txt":   `user\u202eexe.txt`,
		"\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200e\u200f\u061c": `\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200e\u200f\u061c`,
		"one\u2028two\u2029three\u0085four":                                  `one\u2028two\u2029three\u0085four`,
		"\u009b31m":                                                          `\u009b31m`,
		"\x9b31m":                                                            "\uFFFD31m",
		"soft\u00adhyphen\ufeff\u200b":                                       `soft\u00adhyphen\ufeff\u200b`,
		"tag\U000E0041":                                                      `tag\udb40\udc41`,
	} {
		if got := enrich.Visible(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

// FuzzVisible holds that nothing hidden is left, and that JSON means the same.
func FuzzVisible(f *testing.F) {
	f.Add("a\u202eb \U000E0041")
	f.Add(`{"a": "\u001b"}`)
	f.Fuzz(func(t *testing.T, text string) {
		shown := enrich.Visible(text)
		for _, r := range shown {
			if enrich.Hidden(r) {
				t.Fatalf("%q has %U", shown, r)
			}
		}
		document, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		if json.Unmarshal(document, &before) != nil || json.Unmarshal(enrich.AppendVisible(nil, document), &after) != nil || before != after {
			t.Errorf("%q became %q", before, after)
		}
	})
}
