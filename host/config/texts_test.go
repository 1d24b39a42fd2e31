package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTextsStayAsWritten holds that what stands where a text is wanted reaches the wire as it is written, however YAML reads it.
func TestTextsStayAsWritten(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	for _, text := range []string{
		"0644", "007", "2026.10", "0032473", "1_000", "0x1F", "0o17", "1e3", "+5", "-0", ".5", "5.", "1.0", "true", "False", ".inf", ".nan", "12345678901234567890",
		"00", "0", "2026-10-01", "no", "off", "1.20.0", "0.10",
	} {
		c := Defaults()
		problems := c.Read("c.yaml", []byte("\uFEFFsources: {files: ["+text+", x]}\nsinks:\n  splunk_hec:\n    - {name: "+text+", index: "+text+", host: "+text+"}\n"+
			"modules:\n  - {name: m, path: /m, args: ["+text+"], settings_files: {"+text+": /s}}\n"), none)
		if len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		sink, module := c.Sinks.SplunkHEC[0], c.Modules[0]
		got := []string{c.Sources.Files[0], sink.Name, sink.Config.Index, sink.Config.Host, module.Args[0], module.SettingsFiles[text]}
		if diff := cmp.Diff([]string{text, text, text, text, text, "/s"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestNumbersWithZerosInFrontAreRefused holds that no number is read as an octal one.
func TestNumbersWithZerosInFrontAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"dead_letters: {max_bytes: 0100}":                                  "c.yaml:1:27",
		"modules: [{name: m, path: /m, settings: {pin: 0644}}]":            "c.yaml:1:47",
		"modules: [{name: m, path: /m, settings: {a: [{b: 1}, {b: 07}]}}]": "c.yaml:1:58",
	} {
		c := Defaults()
		problems := c.Read("c.yaml", []byte(text), nil)
		if len(problems) != 1 || problems[0].Pos.String() != want || !strings.Contains(problems[0].Message, "octal") {
			t.Errorf("%s: %v", text, problems)
		}
	}
	c := Defaults()
	if problems := c.Read("c.yaml", []byte("modules: [{name: m, path: /m, settings: {pin: '0644', n: 644, z: 0}}]\n"), nil); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestTabsInConfigurations(t *testing.T) {
	c := Defaults()
	problems := c.Read("c.yaml", []byte("sinks:\n  splunk_hec:\n    - name: a\n      source: risk\trelay\n"), nil)
	if len(problems) != 1 || problems[0].Pos.Line != 4 || problems[0].Pos.Column != 19 || !strings.Contains(problems[0].Message, "tab") {
		t.Errorf("got %v", problems)
	}
}
