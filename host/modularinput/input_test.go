package modularinput_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/modularinput"
)

// run is what splunkd writes to run an input, and validation to validate one.
const (
	run = `<?xml version="1.0" encoding="UTF-8"?>
<input>
  <server_host>siem</server_host>
  <server_uri>https://127.0.0.1:8089</server_uri>
  <session_key>not-a-real-session-key</session_key>
  <checkpoint_dir>/opt/splunk/var/lib/splunk/modinputs/riskrelay_input</checkpoint_dir>
  <configuration>
    <stanza name="riskrelay_input://%s" app="TA-riskrelay">
      <param name="config_file">local/a &amp; b.yaml</param>
      <param name="host">siem</param>
      <param_list name="list"><value>one</value><value>two</value></param_list>
    </stanza>
  </configuration>
</input>`
	validation = `<items><server_host>siem</server_host><session_key>not-a-real-session-key</session_key>` +
		`<checkpoint_dir>/opt/splunk/modinputs</checkpoint_dir><item name="main"><param name="config_file">x</param></item></items>`
)

func TestReadRun(t *testing.T) {
	// Splunkd may leave its end open, and what it writes may come in pieces.
	in, err := modularinput.ReadRun(io.MultiReader(strings.NewReader(fmt.Sprintf(run, "main")), endless{t}))
	if err != nil {
		t.Fatal(err)
	}
	if in.Name != "main" || in.SessionKey != "not-a-real-session-key" || len(in.Settings) != 2 ||
		in.Settings[modularinput.ConfigFile] != "local/a & b.yaml" {
		t.Errorf("%+v", in)
	}
	if want := "/opt/splunk/var/lib/splunk/modinputs/riskrelay_input/main"; in.DataDir() != want {
		t.Errorf("data in %s", in.DataDir())
	}
}

// endless fails the test when somebody waits for more.
type endless struct{ t *testing.T }

func (e endless) Read([]byte) (int, error) {
	e.t.Error("more is read than the document")
	return 0, io.EOF
}

func TestReadValidation(t *testing.T) {
	in, err := modularinput.ReadValidation(strings.NewReader(validation))
	if err != nil || in.Name != "main" || in.Settings[modularinput.ConfigFile] != "x" {
		t.Errorf("%+v, %v", in, err)
	}
}

// TestRefused holds that what isn't understood is refused in words that hold nothing of the document.
func TestRefused(t *testing.T) {
	whole := fmt.Sprintf(run, "main")
	for name, test := range map[string]struct{ text, want string }{
		"nothing":          {"", "the input was closed before <input> ended"},
		"half":             {whole[:len(whole)/2], "the input was closed before <input> ended"},
		"not XML":          {"not-a-real-session-key", "the input was closed before <input> ended"},
		"tags that differ": {strings.Replace(whole, "</session_key>", "</not-a-real-session-key>", 1), "line 5 isn't well-formed"},
		"an entity":        {strings.Replace(whole, "siem", "&not-a-real-session-key;", 1), "line 3 isn't well-formed"},
		"another encoding": {strings.Replace(whole, "UTF-8", "not-a-real-session-key", 1), "it can't be read as XML in UTF-8"},
		"validation":       {validation, "it isn't <input>"},
		"no input":         {"<input></input>", "0 inputs in it, want one"},
		"two inputs":       {"<input><configuration><stanza name='a'/><stanza name='b'/></configuration></input>", "2 inputs in it, want one"},
		"no name":          {fmt.Sprintf(run, ""), "the input has no name"},
		"no checkpoints":   {strings.Replace(whole, "/opt/", "opt/", 1), `the input "main" has no folder for checkpoints`},
		"a setting twice":  {strings.Replace(whole, `name="host"`, `name="config_file"`, 1), `the setting "config_file" of the input "main" is there twice`},
		"too much":         {"<input>" + strings.Repeat(" ", 1<<20) + "</input>", "it has more than 1048576 bytes"},
	} {
		_, err := modularinput.ReadRun(strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "not-a-real") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDataDir holds that each name has a folder of its own right below the checkpoints.
func TestDataDir(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"main", "Main", "..", ".", "a/b", "a%2Fb", "a b", "ä", "../../etc", strings.Repeat("x", 9)} {
		in := modularinput.Input{Name: name, CheckpointDir: "/checkpoints"}
		dir := in.DataDir()
		if filepath.Dir(dir) != "/checkpoints" || seen[dir] != "" {
			t.Errorf("%q has %s, as %q", name, dir, seen[dir])
		}
		seen[dir] = name
	}
}

// TestConfigPath holds where a configuration lies that an input names.
func TestConfigPath(t *testing.T) {
	dir := t.TempDir() // stands for $SPLUNK_HOME, and for the add-on
	for _, test := range []struct{ name, home, path, problem string }{
		{dir, "", dir, ""},
		{"$SPLUNK_HOME", dir, dir, ""},
		{"${SPLUNK_HOME}/.", dir, dir + "/.", ""},
		{".", "", dir, ""},
		{"$HOME", dir, "", "$HOME: no such file"},
		{"$SPLUNK_HOME/x", "", "", "there is no SPLUNK_HOME"},
		{"", dir, "", "name riskrelay's configuration"},
	} {
		in := modularinput.Input{Settings: map[string]string{modularinput.ConfigFile: test.name}}
		path, err := in.ConfigPath(filepath.Join(dir, "linux_x86_64/bin/riskrelay_input"), test.home)
		if (err == nil) != (test.problem == "") || path != test.path || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%q in %q: %s, %v", test.name, test.home, path, err)
		}
	}
}

func TestLevel(t *testing.T) {
	for setting, want := range map[string]string{"": "", "warn": "warn", "DEBUG": "debug"} {
		in := modularinput.Input{Settings: map[string]string{modularinput.LogLevel: setting}}
		if level, err := in.Level(); err != nil || level != want {
			t.Errorf("%q: %q, %v", setting, level, err)
		}
	}
	in := modularinput.Input{Settings: map[string]string{modularinput.LogLevel: "loud"}}
	if _, err := in.Level(); err == nil || !strings.Contains(err.Error(), `"loud" is none of error, warn, info, debug`) {
		t.Error(err)
	}
}

func TestMisspelt(t *testing.T) {
	in := modularinput.Input{Settings: map[string]string{"config_file": "", "log_levl": "", "Config_File": "", "host": "", "interval": ""}}
	want := []string{
		"the setting Config_File isn't one of riskrelay's: did you mean config_file?",
		"the setting log_levl isn't one of riskrelay's: did you mean log_level?",
	}
	if got := in.Misspelt(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWriteError(t *testing.T) {
	var out strings.Builder
	if err := modularinput.WriteError(&out, "a < b\n& \"c\""); err != nil {
		t.Fatal(err)
	}
	var got struct {
		XMLName xml.Name `xml:"error"`
		Message string   `xml:"message"`
	}
	if err := xml.Unmarshal([]byte(out.String()), &got); err != nil || got.Message != "a < b\n& \"c\"" {
		t.Errorf("%s: %v", &out, err)
	}
}

// TestSettings holds that the scheme, the code and the add-on's files name the same settings.
func TestSettings(t *testing.T) {
	var scheme struct {
		XMLName    xml.Name `xml:"scheme"`
		Validation bool     `xml:"use_external_validation"`
		Single     bool     `xml:"use_single_instance"`
		Args       []struct {
			Name     string `xml:"name,attr"`
			Required bool   `xml:"required_on_create"`
		} `xml:"endpoint>args>arg"`
	}
	if err := xml.Unmarshal([]byte(modularinput.Scheme), &scheme); err != nil {
		t.Fatal(err)
	}
	if !scheme.Validation || scheme.Single || len(scheme.Args) != 2 || scheme.Args[0].Name != modularinput.ConfigFile ||
		!scheme.Args[0].Required || scheme.Args[1].Name != modularinput.LogLevel || scheme.Args[1].Required {
		t.Errorf("%+v", scheme)
	}
	spec := settings(t, "../../packaging/splunk/TA-riskrelay/README/inputs.conf.spec")
	if got := spec["riskrelay_input://<name>"]; len(spec) != 1 || !slices.Equal(got, []string{modularinput.ConfigFile, modularinput.LogLevel}) {
		t.Errorf("inputs.conf.spec has %v", spec)
	}
	// https://help.splunk.com/en/splunk-enterprise/administer/admin-manual/9.4/configuration-file-reference/9.4.1-configuration-file-reference/inputs.conf
	splunks := []string{"disabled", "interval", "start_by_shell"}
	for stanza, names := range settings(t, "../../packaging/splunk/TA-riskrelay/default/inputs.conf") {
		for _, name := range names {
			if !slices.Contains(splunks, name) && !slices.Contains(spec["riskrelay_input://<name>"], name) {
				t.Errorf("default/inputs.conf [%s] has %s", stanza, name)
			}
		}
	}
}

// settings are the names in a file of Splunk's form, by stanza.
func settings(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, stanza := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, _, assigns := strings.Cut(line, " = ")
		switch {
		case strings.HasPrefix(line, "["):
			stanza = strings.Trim(line, "[]")
			found[stanza] = nil
		case assigns && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "*"):
			found[stanza] = append(found[stanza], name)
		}
	}
	return found
}

func FuzzRead(f *testing.F) {
	f.Add(fmt.Sprintf(run, "main"))
	f.Add(validation)
	f.Add("<input><configuration><stanza name=''><param name=''>&lt;</param></stanza></configuration></input>")
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func(io.Reader) (modularinput.Input, error){modularinput.ReadRun, modularinput.ReadValidation} {
			in, err := read(strings.NewReader(text))
			if err != nil {
				if !strings.HasPrefix(err.Error(), "read splunkd's XML: ") || errors.Unwrap(err) != nil {
					t.Errorf("%v", err)
				}
				continue
			}
			if in.Name == "" || filepath.Dir(in.DataDir()) != filepath.Clean(in.CheckpointDir) {
				t.Errorf("%+v has its data in %s", in, in.DataDir())
			}
		}
	})
}
