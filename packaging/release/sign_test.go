package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"
)

func TestSigningKey(t *testing.T) {
	key, plain, _ := newKey(t)
	encrypted, err := minisign.EncryptKey("correct horse", key)
	if err != nil {
		t.Fatal(err)
	}
	private, open := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "key")
	put(t, private, plain+"\n")
	put(t, open, plain)
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env  map[string]string
		says string // of the error; without one the key is there
	}{
		"as it is":            {map[string]string{keyVariable: plain}, ""},
		"in a file":           {map[string]string{keyVariable + "_FILE": private}, ""},
		"encrypted":           {map[string]string{keyVariable: string(encrypted), passwordVariable: "correct horse"}, ""},
		"without a password":  {map[string]string{keyVariable: string(encrypted)}, "the key is encrypted: set " + passwordVariable},
		"of another password": {map[string]string{keyVariable: string(encrypted), passwordVariable: "wrong"}, "doesn't open the key"},
		"nowhere":             {nil, "no key to sign with: set " + keyVariable},
		"in both":             {map[string]string{keyVariable: plain, keyVariable + "_FILE": private}, "both"},
		"others may read it":  {map[string]string{keyVariable + "_FILE": open}, "others may read"},
		"absent":              {map[string]string{keyVariable + "_FILE": "absent"}, "no such file"},
		"not a key":           {map[string]string{keyVariable: "hunter2"}, "isn't a secret key of minisign"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := signingKey(variables(test.env))
			switch {
			case test.says == "" && (err != nil || !got.Equal(key)):
				t.Errorf("it isn't the key: %v", err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("it doesn't say %q: %v", test.says, err)
			}
			for _, secret := range []string{plain, string(encrypted), "correct horse", "hunter2"} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Error("the error holds a secret")
				}
			}
		})
	}
}
