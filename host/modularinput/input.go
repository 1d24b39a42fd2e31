// Package modularinput reads and writes what splunkd exchanges with the programs that it starts as modular inputs: the scheme
// that says which settings an input has, and XML on standard input with the values of one input. It knows nothing of riskrelay
// but the names of its settings, which scheme.xml holds.
//
// https://help.splunk.com/en/splunk-enterprise/developing-views-and-apps-for-splunk-web/9.3/modular-inputs
package modularinput

import (
	_ "embed" // Scheme
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Scheme is what splunkd wants to read when it calls the program with --scheme.
//
//go:embed scheme.xml
var Scheme string

// The settings of an input, as Scheme names them.
const (
	ConfigFile = "config_file"
	LogLevel   = "log_level"
)

// maxDocument is how many bytes splunkd's XML may have. An input with all settings that Splunk knows has some 2,000.
const maxDocument = 1 << 20

// Input is one input as splunkd describes it.
type Input struct {
	Name          string            // of its stanza, without the scheme: "main" of [riskrelay_input://main]
	SessionKey    string            // of splunkd's management port: a secret
	CheckpointDir string            // where all inputs of the scheme may keep what they know
	Settings      map[string]string // all that the stanza and those above it say, Splunk's own settings included
}

// document is both forms of XML: <input> to run, and <items> to validate.
type document struct {
	XMLName       xml.Name
	SessionKey    string   `xml:"session_key"`
	CheckpointDir string   `xml:"checkpoint_dir"`
	Stanzas       []stanza `xml:"configuration>stanza"` // of <input>
	Items         []stanza `xml:"item"`                 // of <items>
}

type stanza struct {
	Name   string `xml:"name,attr"`
	Params []struct {
		Name  string `xml:"name,attr"`
		Value string `xml:",chardata"`
	} `xml:"param"`
}

// ReadRun reads which input shall run: one stanza inside <input>. It takes no more from r than the element needs and a
// buffer's rest. No error holds anything of what was read but the stanza's and the settings' names, as the session key is in it.
func ReadRun(r io.Reader) (Input, error) {
	d, err := read(r, "input")
	if err != nil {
		return Input{}, err
	}
	return d.input(d.Stanzas)
}

// ReadValidation reads which input shall be validated: one item inside <items>. Errors are as those of [ReadRun].
func ReadValidation(r io.Reader) (Input, error) {
	d, err := read(r, "items")
	if err != nil {
		return Input{}, err
	}
	return d.input(d.Items)
}

func read(r io.Reader, root string) (d document, err error) {
	bounded := &io.LimitedReader{R: r, N: maxDocument}
	err = xml.NewDecoder(bounded).Decode(&d)
	syntax := new(xml.SyntaxError)
	switch {
	case err != nil && bounded.N == 0:
		return d, fmt.Errorf("read splunkd's XML: it has more than %d bytes", maxDocument)
	case errors.Is(err, io.EOF) || errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return d, fmt.Errorf("read splunkd's XML: the input was closed before <%s> ended: this is for splunkd to call; people call `riskrelay run`", root)
	case errors.As(err, &syntax):
		return d, fmt.Errorf("read splunkd's XML: line %d isn't well-formed", syntax.Line)
	case err != nil:
		return d, errors.New("read splunkd's XML: it can't be read as XML in UTF-8") // what encoding/xml says may hold a part of it
	case d.XMLName.Local != root:
		return d, fmt.Errorf("read splunkd's XML: it isn't <%s>", root)
	}
	return d, nil
}

// input is the only one among the stanzas.
func (d document) input(all []stanza) (Input, error) {
	if len(all) != 1 {
		return Input{}, fmt.Errorf("read splunkd's XML: %s in it, want one", diag.Count(len(all), "input"))
	}
	in := Input{Name: all[0].Name, SessionKey: strings.TrimSpace(d.SessionKey), CheckpointDir: strings.TrimSpace(d.CheckpointDir), Settings: map[string]string{}}
	if _, name, ok := strings.Cut(in.Name, "://"); ok {
		in.Name = name
	}
	for _, p := range all[0].Params {
		if _, twice := in.Settings[p.Name]; twice {
			return Input{}, fmt.Errorf("read splunkd's XML: the setting %q of the input %q is there twice", p.Name, in.Name)
		}
		in.Settings[p.Name] = strings.TrimSpace(p.Value)
	}
	switch {
	case in.Name == "":
		return Input{}, errors.New("read splunkd's XML: the input has no name")
	case !filepath.IsAbs(in.CheckpointDir):
		return Input{}, fmt.Errorf("read splunkd's XML: the input %q has no folder for checkpoints (checkpoint_dir)", in.Name)
	}
	return in, nil
}

// DataDir is the folder for what this input alone must remember: inputs of one scheme share the one for checkpoints.
func (in Input) DataDir() string {
	var name strings.Builder
	for _, b := range []byte(in.Name) {
		if b == '-' || b == '_' || '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' {
			name.WriteByte(b)
		} else {
			fmt.Fprintf(&name, "%%%02X", b)
		}
	}
	return filepath.Join(in.CheckpointDir, name.String())
}

// Misspelt says which settings look like mistyped ones of ours, each with the one that was meant. Splunk hands over its own
// settings, too, which differ from version to version, and any that it doesn't know; so all others are taken to be right.
func (in Input) Misspelt() (remarks []string) {
	ours := []string{ConfigFile, LogLevel}
	for _, name := range slices.Sorted(maps.Keys(in.Settings)) {
		if near := diag.Misspelt(name, ours); near != "" {
			remarks = append(remarks, fmt.Sprintf("the setting %s isn't one of riskrelay's: did you mean %s?", name, near))
		}
	}
	return remarks
}

// WriteError writes why a validation failed, as splunkd reads it from standard output and shows it to who edits the input.
func WriteError(w io.Writer, message string) error {
	text, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"error"`
		Message string   `xml:"message"`
	}{Message: message})
	if err == nil {
		_, err = fmt.Fprintln(w, string(text))
	}
	return err
}
