package host

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// Permissions says what others than root and this process's user and groups may do to the files and folders of a
// configuration, which was loaded from file, but for its rules: see [RulePermissions].
func Permissions(c config.Config, file string) ownership.Problems {
	conf := filepath.Join(filepath.Dir(file), "conf.d")
	p := pathList{}
	p.trusted("the configuration", append([]string{file, conf}, dropIns(conf)...)...)
	p = append(p, ownership.Path{Key: "data_dir", Name: c.DataDir, Kept: true})
	for _, s := range c.Sources.LogAnalytics {
		key := "sources.log_analytics " + s.Workspace
		p.trusted(key, s.CAFile, s.Credential.TokenFile) // the kubelet gives the token of a workload mode 0644
		p.secret(key, s.Credential.SecretFile, s.Credential.CertificateFile)
	}
	for _, s := range c.Sources.Graph {
		key := "sources.graph " + s.Name
		p.trusted(key, s.CAFile, s.Credential.TokenFile)
		p.secret(key, s.Credential.SecretFile, s.Credential.CertificateFile)
	}
	if c.Directory.Enabled {
		p.trusted("directory", c.Directory.CAFile, c.Directory.Credential.TokenFile)
		p.secret("directory", c.Directory.Credential.SecretFile, c.Directory.Credential.CertificateFile)
	}
	p.trusted("dns", c.DNS.CAFile)
	for _, s := range c.Sinks.All() {
		p.trusted("sinks."+s.Kind+" "+s.Name, s.Files.Trusted...)
		p.secret("sinks."+s.Kind+" "+s.Name, s.Files.Secret...)
	}
	for _, m := range c.Modules {
		p.trusted("modules "+m.Name, m.Path)
		p.secret("modules "+m.Name, slices.Sorted(maps.Values(m.SettingsFiles))...)
	}
	return ownership.Judge(p)
}

// RulePermissions is Permissions for the rules: for the paths of o, the folders below them, where rule files could be
// added, and the files that set was loaded from.
func RulePermissions(o ruleset.Options, set enrich.Config) ownership.Problems {
	p := pathList{}
	for _, path := range o.Paths {
		p.trusted("rules", append([]string{path}, folders(path)...)...)
	}
	for _, path := range o.Tuning {
		p.trusted("tuning", append([]string{path}, folders(path)...)...)
	}
	p.trusted("context", o.Context)
	for _, f := range set.Files {
		if !strings.HasPrefix(f.Name, rulefile.BuiltinPrefix) && !strings.HasPrefix(f.Name, rulefile.InformedPrefix) {
			p.trusted("rules", f.Name)
		}
	}
	return ownership.Judge(p)
}

// pathList are the paths to judge.
type pathList []ownership.Path

// trusted adds what others may not change.
func (p *pathList) trusted(key string, names ...string) { p.add(key, ownership.FromWriting, names) }

// secret adds what others may not read, either.
func (p *pathList) secret(key string, names ...string) { p.add(key, ownership.FromReading, names) }

func (p *pathList) add(key string, need ownership.Need, names []string) {
	for _, name := range names {
		if name != "" {
			*p = append(*p, ownership.Path{Key: key, Name: name, Need: need})
		}
	}
}

// dropIns are the configuration files that lie in conf.d.
func dropIns(conf string) (names []string) {
	entries, _ := os.ReadDir(conf) // there is none, as a rule
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".yaml" {
			names = append(names, filepath.Join(conf, entry.Name()))
		}
	}
	return names
}

// folders are the folders below a path in which rule files are looked for.
func folders(path string) (names []string) {
	visit := func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // whoever reads the rules says so
			return nil //nolint:nilerr // see above
		case !entry.IsDir() || name == ".":
			return nil
		case strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		}
		names = append(names, filepath.Join(path, name))
		return nil
	}
	if err := fs.WalkDir(os.DirFS(path), ".", visit); err != nil {
		return nil
	}
	return names
}

// refuseOpen refuses a set of rules that others may change.
func (m *modules) refuseOpen(o ruleset.Options, set enrich.Config) error {
	if !m.guarded {
		return nil
	}
	if err := RulePermissions(o, set).Err(); err != nil {
		return fmt.Errorf("others may change the rules (--insecure-permissions would take them all the same):\n%w", err)
	}
	return nil
}
