package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

func noEnv(string) (string, bool) { return "", false }

// TestReferenceIsComplete loads the reference and checks that it names every key, each with its default.
func TestReferenceIsComplete(t *testing.T) {
	var c Config
	if problems := c.Read("reference.yaml", []byte(strings.ReplaceAll(Reference(), "${VARIABLE}", "x")), noEnv); len(problems) > 0 {
		t.Fatal(problems)
	}
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(Reference()), &tree); err != nil {
		t.Fatal(err)
	}
	for _, missing := range absent("", reflect.TypeFor[Config](), tree) {
		t.Errorf("the reference doesn't name %s", missing)
	}
	defaults := Defaults()
	for _, pair := range [][2]any{
		{c.DataDir, defaults.DataDir},
		{c.Drain, defaults.Drain},
		{c.Log, defaults.Log},
		{c.Metrics.Listen, defaults.Metrics.Listen},
		{len(c.Metrics.Hosts), len(defaults.Metrics.Hosts)},
		{c.Metrics.StalledAfter, defaults.Metrics.StalledAfter},
		{c.Rules.Builtin, defaults.Rules.Builtin},
		{c.Rules.Watch, defaults.Rules.Watch},
		{c.Rules.Selftest, defaults.Rules.Selftest},
		{c.DNS.Resolver, defaults.DNS.Resolver},
		{c.DNS.Transport, defaults.DNS.Transport},
		{c.Directory, defaults.Directory},
	} {
		if pair[0] != pair[1] {
			t.Errorf("the reference says %v, the default is %v", pair[0], pair[1])
		}
	}
	// Each list item written with all its defaults equals one written with none.
	var bare Config
	minimal := `
sources: {log_analytics: [{workspace: 00000000-0000-0000-0000-000000000000}], graph: [{every: 1h}]}
sinks:
  splunk_hec: [{name: splunk, url: "https://splunk.example.com:8088", token_file: /etc/riskrelay/hec-token}]
  sumo_logic: [{name: sumo, url_file: /etc/riskrelay/sumo-url}]
  syslog: [{name: archive, address: "logs.example.com:6514", receiver: rsyslog}]
  file: [{name: disk, path: /var/log/riskrelay/events.ndjson}]`
	if problems := bare.Read("minimal.yaml", []byte(minimal), noEnv); len(problems) > 0 {
		t.Fatal(problems)
	}
	if !reflect.DeepEqual(bare.Sources, c.Sources) || !reflect.DeepEqual(bare.Sinks, c.Sinks) {
		t.Errorf("the reference's values are not the defaults:\n%+v\n%+v\n%+v\n%+v", bare.Sources, c.Sources, bare.Sinks, c.Sinks)
	}
}

// absent lists the keys of t that value, a YAML value, doesn't have.
func absent(path string, t reflect.Type, value any) (list []string) {
	switch t.Kind() {
	case reflect.Slice:
		items, _ := value.([]any)
		if t.Elem().Kind() != reflect.Struct {
			return nil
		}
		if len(items) == 0 {
			return []string{path}
		}
		return absent(path+"[]", t.Elem(), items[0])
	case reflect.Struct:
		mapping, _ := value.(map[string]any)
		for key, field := range keys(t) {
			inner, ok := mapping[key]
			if !ok {
				list = append(list, path+"."+key)
				continue
			}
			list = append(list, absent(path+"."+key, field, inner)...)
		}
	}
	return list
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("riskrelay.yaml", "data_dir: ${HOME_DIR}/$$x\nsources: {files: [a]}\nrules: {paths: [p]}\nsinks: {file: [{name: one, path: o}]}\n")
	write("conf.d/20-b.yaml", "rules: {builtin: false, paths: [r]}\ndrain: 1m\n")
	write("conf.d/10-a.yaml", "rules: {paths: [q]}\ndrain: 2m\nsources: {files: [b]}\n")
	c, err := Load(path, func(name string) (string, bool) { return "/srv", name == "HOME_DIR" })
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/srv/$x" || c.Drain.String() != "1m0s" || c.Rules.Builtin ||
		strings.Join(c.Rules.Paths, "") != "pqr" || strings.Join(c.Sources.Files, "") != "ab" || len(c.Sinks.File) != 1 {
		t.Errorf("%+v", c)
	}
}

// TestSameReceiverTwice checks that two sinks can't send the same to one receiver by mistake.
func TestSameReceiverTwice(t *testing.T) {
	for text, want := range map[string]string{
		`syslog: [{name: a, receiver: otel, address: "h:1"}, {name: b, receiver: otel, address: "h:1"}]`:                                                         "h:1 over tls in format rfc5424 gets every event twice, from the sinks a and b",
		`syslog: [{name: a, receiver: otel, address: "h:1"}, {name: b, receiver: otel, address: "h:1", format: cef}, {name: c, receiver: otel, address: "h:2"}]`: "",
		`syslog: [{name: a, receiver: otel, address: "h:1"}], forget: [a]`:                                                                                       `"a" is a sink of this configuration`,
		`sumo_logic: [{name: a, url_file: /u}, {name: b, url_file: /u}]`:                                                                                         "the source of url_file /u gets every event twice",
		`splunk_hec: [{name: a, url: "https://h:1", token_file: /t}, {name: b, url: "https://h:1", token_file: /t}]`:                                             `index "" behind https://h:1`,
		`splunk_hec: [{name: a, url: "https://h:1", urls: ["https://h:2"], token_file: /t}, {name: b, url: "https://H:2/", token_file: /t}]`:                     `index "" behind https://h:2 with token_file /t gets every event twice, from the sinks a and b`,
		`splunk_hec: [{name: a, url: "https://h:1", token_file: /t, index: x}, {name: b, url: "https://h:1", token_file: /t, index: "y"}]`:                       "",
	} {
		c := Defaults()
		if problems := c.Read("c.yaml", []byte("sources: {files: [f]}\nsinks: {"+text+"}\n"), noEnv); len(problems) > 0 {
			t.Fatal(problems)
		}
		problems := c.validate("c.yaml", newPlaces())
		if want == "" && len(problems) > 0 || want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Message, want)) {
			t.Errorf("%s: %v, want %q", text, problems, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(Reference()))
	f.Add([]byte("sinks: {file: [{name: x, path: ${A:-b}}]}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		c := Defaults()
		_ = c.Read("f", data, noEnv).Error() // must neither panic nor hang
	})
}

// TestBounds gives a file one more of each thing than it may have.
func TestBounds(t *testing.T) {
	unknown := ""
	for n := range maxUnknown + 3 {
		unknown += fmt.Sprintf("driin%d: 1s\n", n)
	}
	large := func(name string) (string, bool) { return strings.Repeat("x", MaxSize/8), name == "LARGE" }
	for name, test := range map[string]struct{ text, want string }{
		"as large as may be": {"drain: 1s #" + strings.Repeat("x", MaxSize-11), ""},
		"a byte more":        {"drain: 1s #" + strings.Repeat("x", MaxSize-10), "c.yaml: error[C002]: the file is larger than 1048576 bytes: put parts of it into conf.d"},
		"depth":              {"a: " + strings.Repeat("[", diag.MaxDepth) + strings.Repeat("]", diag.MaxDepth), "c.yaml:1:67: error[C002]: nested deeper than 64 levels"},
		"tokens":             {"a: [" + strings.Repeat("b,", maxTokens/2) + "]", "c.yaml:1:131074: error[C002]: more than 131072 values and marks in one file; split it"},
		"anchor":             {"drain: &secret 1s", "c.yaml:1:8: error[C002]: anchors, aliases and merge keys are not supported"},
		"alias":              {"drain: *secret", "c.yaml:1:8: error[C002]: anchors, aliases and merge keys are not supported"},
		"tag":                {"drain: !secret 1s", "c.yaml:1:8: error[C002]: YAML tags are not supported"},
		"variables":          {"data_dir: " + strings.Repeat("${LARGE}", 8), ""},
		"more in variables":  {"data_dir: " + strings.Repeat("${LARGE}", 20), "c.yaml:1:11: error[C002]: the variables in this file have more than 1048576 bytes"},
		"unset variables":    {"data_dir: " + strings.Repeat("${NONE}", maxProblems+4), "c.yaml: error[C002]: and 4 more problems in this file"},
		"wrong values":       {"sources: {files: [" + strings.Repeat("[1],", maxProblems+5) + "]}", "c.yaml: error[C002]: and 5 more problems in this file"},
		"long key":           {strings.Repeat("k", 3000) + ": 1", "kkkk...\n"},
		"unknown keys":       {unknown, "c.yaml: error[C101]: and 3 more unknown keys in this file"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Defaults()
			problems := c.Read("c.yaml", []byte(test.text), large)
			if text := problems.Error(); test.want == "" && text != "" || !strings.Contains(text, test.want) || strings.Contains(text, "secret") {
				t.Errorf("got %s, want %s", text, test.want)
			}
			if len(problems) > maxProblems+1 {
				t.Errorf("%d problems", len(problems))
			}
			if name == "unknown keys" && len(problems) != maxUnknown+1 {
				t.Errorf("%d problems", len(problems))
			}
		})
	}
}
