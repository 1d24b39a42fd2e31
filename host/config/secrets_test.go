package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/host/secret"
)

func TestSettingsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	k := secret.NewKeeper()
	m := Module{Name: "m", Settings: map[string]any{"zone": "UTC"}, SettingsFiles: map[string]string{"token": path}}
	for _, content := range []string{"fake-token: [one]", "0123456789"} { // neither is a list or a number
		write(content+"\n", 0o600)
		text, err := m.SettingsText(k)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := yaml.Unmarshal(text, &got); err != nil || got["token"] != content || got["zone"] != "UTC" || len(m.Settings) != 1 {
			t.Errorf("the module gets %q, %v", text, err)
		}
		if k.Clean(content) != secret.Mask {
			t.Errorf("%s isn't remembered", content)
		}
	}
	write("fake-token", 0o644)
	if _, err := m.SettingsText(k); err == nil || !strings.HasPrefix(err.Error(), "settings_files.token: "+path+" can be read by ") {
		t.Errorf("got %v", err)
	}
}

func TestSettingsFilesValidate(t *testing.T) {
	m := Module{
		Name: "m", Path: "/m", SHA256: strings.Repeat("0", 64),
		Settings: map[string]any{"token": "x"}, SettingsFiles: map[string]string{"token": "/x", "other": ""},
	}
	err := m.validate()
	for _, want := range []string{"settings_files.token: settings has that key too", "settings_files.other: name the file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestMisplaced holds what is no secret in the wrong place.
func TestMisplaced(t *testing.T) {
	for key, values := range map[string][]string{
		"token_file": {
			"/run/credentials/riskrelay.service/hec-token", "hec-token", "secrets/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f", "./0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",
			"riskrelay-production-hec-token-2026", `C:\\secrets\\token`, "",
		},
		"url":   {"https://splunk.example.com:8088", "https://[2001:db8::1]:8088", "https://0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f.example.com"},
		"proxy": {"http://proxy.example.com:3128", ""},
		"index": {"a@b?c"},
	} {
		for _, value := range values {
			c := Defaults()
			if problems := c.Read("c.yaml", []byte("sinks: {splunk_hec: [{"+key+": \""+value+"\"}]}"), noEnv); len(problems) > 0 {
				t.Errorf("%s: %s: %v", key, value, problems)
			}
		}
	}
}
