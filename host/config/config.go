// Package config is riskrelay's configuration: one YAML file and the drop-ins beside it, read strictly.
//
// The parts belong to the packages that they configure; this package puts them together, checks every key and
// value, and says where in which file something is wrong.
package config

import (
	_ "embed" // reference
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/source/graph"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// reference is all but the kinds of sinks, which bring theirs.
//
//go:embed reference.yaml
var reference string

// Reference is a configuration file with every key, its default and what it means.
func Reference() string {
	text := reference
	for _, list := range new(Sinks).lists() {
		text += "  " + strings.ReplaceAll(strings.TrimSpace(list.Reference()), "\n", "\n  ") + "\n"
	}
	return text
}

// Config is the whole configuration.
type Config struct {
	DataDir     string        `yaml:"data_dir"` // the ledger, dead letters and module sockets
	Drain       time.Duration `yaml:"drain"`    // how long what was read may be sent after SIGTERM
	Log         Log           `yaml:"log"`
	DeadLetters DeadLetters   `yaml:"dead_letters"`
	Metrics     Metrics       `yaml:"metrics"`
	Sources     Sources       `yaml:"sources"`
	Summary     bool          `yaml:"summary"` // an event per table and hour that says whether all rows arrived
	Rules       Rules         `yaml:"rules"`
	DNS         dns.Config    `yaml:"dns"` // who is asked whether the hosts of redirect URIs exist
	Modules     []Module      `yaml:"modules"`
	// Directory is the built-in module that tells rules about the tenant.
	Directory directory.Config `yaml:"directory"`
	Sinks     Sinks            `yaml:"sinks"`

	// Secrets is what [Config.Use] set.
	Secrets *secret.Keeper `yaml:"-"`
}

// DeadLetters say how much is kept of what sinks refuse for good.
type DeadLetters struct {
	MaxBytes int64 `yaml:"max_bytes"` // for each sink
}

// Log says what is logged to standard error, and how.
type Log struct {
	Level  string `yaml:"level"`  // error, warn, info, debug
	Format string `yaml:"format"` // text, json
}

// Metrics say whether and where a host shows how it does.
type Metrics struct {
	Listen       string        `yaml:"listen"`        // address and port; empty doesn't listen
	Hosts        []string      `yaml:"hosts"`         // names that requests may use beside the address, without a port
	StalledAfter time.Duration `yaml:"stalled_after"` // how long nothing may move where something is to be done
}

// Sources are where events come from.
type Sources struct {
	LogAnalytics []LogAnalytics `yaml:"log_analytics"`
	Graph        []Graph        `yaml:"graph"`
	Files        []string       `yaml:"files"` // files, directories and patterns; "-" is standard input
}

// Count is the number of streams.
func (s Sources) Count() int {
	n := len(s.Files) + len(s.Graph)
	for _, la := range s.LogAnalytics {
		n += len(la.Tables)
	}
	return n
}

// Rules say which rules the CEL module works with.
type Rules struct {
	Builtin bool     `yaml:"builtin"` // the embedded packs
	Paths   []string `yaml:"paths"`   // rule files and directories of them
	Tuning  []string `yaml:"tuning"`  // tuning files and directories of them
	Context string   `yaml:"context"` // the context file
	History bool     `yaml:"history"` // show past rows to rules with first_seen that are new
	Isolate bool     `yaml:"isolate"` // run the CEL module as a process of its own

	Watch    bool `yaml:"watch"`    // load files again when they change
	Selftest bool `yaml:"selftest"` // run the tests inside rule files before the rules are used
}

// Module is a rule module in a process of its own.
type Module struct {
	Name     string         `yaml:"name"`
	Path     string         `yaml:"path"` // absolute
	Args     []string       `yaml:"args"`
	SHA256   string         `yaml:"sha256"`   // of the program, in hexadecimal
	Timeout  time.Duration  `yaml:"timeout"`  // for one batch, of 512 events at most; 0 is 2 s
	Settings map[string]any `yaml:"settings"` // handed to the module as YAML
	// SettingsFiles are files with secrets, by the key under which the module finds the content among its settings.
	SettingsFiles map[string]string `yaml:"settings_files"`
	Fenced        `yaml:",inline"`
}

// LogAnalytics is one workspace.
type LogAnalytics struct {
	loganalytics.Config `yaml:",inline"`
}

// Graph is one tenant's Microsoft Graph.
type Graph struct {
	graph.Config `yaml:",inline"`
}

// UnmarshalYAML fills in the defaults of what isn't given.
func (c *LogAnalytics) UnmarshalYAML(unmarshal func(any) error) error {
	type plain LogAnalytics
	p := plain{loganalytics.Defaults()}
	err := unmarshal(&p)
	*c = LogAnalytics(p)
	return err
}

// UnmarshalYAML fills in the defaults of what isn't given.
func (c *Graph) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Graph
	p := plain{graph.Defaults()}
	err := unmarshal(&p)
	*c = Graph(p)
	return err
}

// Defaults is the configuration before any file was read.
func Defaults() Config {
	return Config{
		DataDir: "/var/lib/riskrelay",
		Drain:   5 * time.Second,

		DeadLetters: DeadLetters{MaxBytes: 256 << 20},

		Log:     Log{Level: "info", Format: "text"},
		Metrics: Metrics{StalledAfter: 10 * time.Minute},
		Rules:   Rules{Builtin: true, History: true, Watch: true, Selftest: true},
		DNS:     dns.Defaults(),

		Directory: directory.Defaults(),
	}
}

// RuleOptions are the rules as package ruleset takes them.
func (c Config) RuleOptions() ruleset.Options {
	return ruleset.Options{Builtin: c.Rules.Builtin, Paths: c.Rules.Paths, Tuning: c.Rules.Tuning, Context: c.Rules.Context}
}

// validate checks what the shape alone can't say. Messages begin with the key, or with what people call it; at tells where the
// keys stand, file is the main file's name. What follows from problems that were found before isn't said.
func (c Config) validate(file string, at *places) (problems diag.Problems) {
	named := func(path, what string, err error) {
		for _, e := range split(err) {
			if at.certain(path) {
				problems = append(problems, at.problem(path, file, fmt.Sprintf("%s: %v", what, e), e))
			}
		}
	}
	wrong := func(path string, err error) { named(path, path, err) }
	wrong("log", c.Log.validate())
	wrong("metrics", c.validateMetrics())
	if c.DeadLetters.MaxBytes < 1 {
		wrong("dead_letters.max_bytes", fmt.Errorf("%d is no size: give the bytes that a sink's file may have", c.DeadLetters.MaxBytes))
	}
	if c.Drain < 0 {
		wrong("drain", fmt.Errorf("%v is less than nothing", c.Drain))
	}
	wrong("sources", c.repeated())
	wrong("sinks", errors.Join(c.Sinks.doubles()...))
	if c.Sources.Count() == 0 {
		wrong("sources", errors.New("name a workspace under log_analytics, a tenant under graph, or files to replay"))
	}
	for i, s := range c.Sources.LogAnalytics {
		wrong(fmt.Sprintf("sources.log_analytics[%d]", i), errors.Join(s.Validate(), misspelt(s.Tables)))
	}
	for i, s := range c.Sources.Graph {
		wrong(fmt.Sprintf("sources.graph[%d]", i), s.Validate())
	}
	wrong("directory", c.Directory.Validate())
	if len(c.Sinks.Names()) == 0 {
		wrong("sinks", fmt.Errorf("name at least one of %s", strings.Join(c.Sinks.Kinds(), ", ")))
	}
	for _, list := range c.Sinks.lists() {
		for i, s := range list.All() {
			named(fmt.Sprintf("sinks.%s[%d]", s.Kind, i), "sinks."+s.Kind+" "+s.Name, s.Validate())
		}
	}
	wrong("sinks", distinct(c.Sinks.Names()))
	for _, name := range c.Sinks.Forget {
		if slices.Contains(c.Sinks.Names(), name) {
			wrong("sinks.forget", fmt.Errorf("%q is a sink of this configuration: take it out of one of the two places", name))
		}
	}
	wrong("dns", c.DNS.Validate())
	if c.DNS.On() && c.Rules.Isolate {
		wrong("dns", errors.New("rules in a process of their own can't ask what was looked up: no rule would get a verdict, and no event "+
			"a follow-up. Leave out dns.resolver, or set rules.isolate to false"))
	}
	for i, m := range c.Modules {
		path := fmt.Sprintf("modules[%d]", i)
		named(path, path+" "+m.Name, m.validate())
	}
	wrong("modules", distinctModules(c.Modules))
	return problems
}

// split is the errors that err joins, at any depth.
func split(err error) (all []error) {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, e := range joined.Unwrap() {
		all = append(all, split(e)...)
	}
	return all
}

func (l Log) validate() error {
	var errs []error
	if _, err := logrus.ParseLevel(l.Level); err != nil {
		errs = append(errs, fmt.Errorf("level: %q is none of error, warn, info, debug", l.Level))
	}
	if l.Format != "text" && l.Format != "json" {
		errs = append(errs, fmt.Errorf("format: %q is none of text, json", l.Format))
	}
	return errors.Join(errs...)
}

func (m Module) validate() error {
	var errs []error
	if m.Name == "" {
		errs = append(errs, errors.New("name: a module needs one"))
	}
	if !filepath.IsAbs(m.Path) {
		errs = append(errs, fmt.Errorf("path: %q is not an absolute path", m.Path))
	}
	if len(m.SHA256) != 64 {
		errs = append(errs, errors.New("sha256: pin the program with the output of `sha256sum`, 64 hexadecimal digits"))
	}
	if m.Timeout < 0 || m.Timeout > maxModuleTime {
		errs = append(errs, fmt.Errorf("timeout: %v is not within 0s and %v, which is as long as events wait for a module at most", m.Timeout, maxModuleTime))
	}
	for key, path := range m.SettingsFiles {
		if _, twice := m.Settings[key]; twice {
			errs = append(errs, fmt.Errorf("settings_files.%s: settings has that key too: leave one of them out", key))
		}
		if path == "" {
			errs = append(errs, fmt.Errorf("settings_files.%s: name the file", key))
		}
	}
	return errors.Join(append(errs, m.Fenced.validate())...)
}

// repeated finds what is read or written twice: streams with one name, and files that are both, or that two write to.
func (c Config) repeated() error {
	var errs []error
	seen := map[string]string{}
	once := func(path, what string) {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		if other, twice := seen[path]; twice {
			errs = append(errs, fmt.Errorf("%s is used by %s and by %s", path, other, what))
		}
		seen[path] = what
	}
	for _, path := range c.Sources.Files {
		once(path, "sources.files")
	}
	for _, s := range c.Sinks.All() {
		if s.Output != "" {
			once(s.Output, "the "+s.Kind+" sink "+s.Name)
		}
	}
	for _, s := range c.Sources.LogAnalytics {
		for _, t := range s.Tables {
			once("/"+strings.ToLower(s.Workspace)+"/"+t.Name, "sources.log_analytics")
		}
	}
	for _, s := range c.Sources.Graph {
		once("/graph/"+s.Name, "sources.graph")
	}
	return errors.Join(errs...)
}

// lists empties the lists and returns a function that puts what they held before what they hold then.
func (c *Config) lists() (restore func()) {
	var undo []func()
	undo = append(undo,
		held(&c.Sources.LogAnalytics), held(&c.Sources.Graph), held(&c.Sources.Files), held(&c.Metrics.Hosts), held(&c.Rules.Paths), held(&c.Rules.Tuning), held(&c.DNS.Skip), held(&c.Modules),
		held(&c.Sinks.Forget),
	)
	for _, list := range c.Sinks.lists() {
		undo = append(undo, list.Hold())
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

func held[T any](list *[]T) (restore func()) {
	before := *list
	*list = nil
	return func() { *list = append(before, *list...) }
}
