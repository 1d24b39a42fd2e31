package host

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ownership"
)

// Permissions says what others than root and this process's user and groups may do to the files and folders of a
// configuration, which was loaded from file, but for its rules: see [rulehost.Permissions].
func Permissions(c config.Config, file string) ownership.Problems {
	conf := filepath.Join(filepath.Dir(file), "conf.d")
	p := ownership.Paths{}
	p.Trusted("the configuration", append([]string{file, conf}, dropIns(conf)...)...)
	p = append(p, ownership.Path{Key: "data_dir", Name: c.DataDir, Kept: true})
	for _, s := range c.Sources.LogAnalytics {
		key := "sources.log_analytics " + s.Workspace
		p.Trusted(key, s.CAFile, s.Credential.TokenFile) // the kubelet gives the token of a workload mode 0644
		p.Secret(key, s.Credential.SecretFile, s.Credential.CertificateFile)
	}
	for _, s := range c.Sources.Graph {
		key := "sources.graph " + s.Name
		p.Trusted(key, s.CAFile, s.Credential.TokenFile)
		p.Secret(key, s.Credential.SecretFile, s.Credential.CertificateFile)
	}
	if c.Directory.Enabled {
		p.Trusted("directory", c.Directory.CAFile, c.Directory.Credential.TokenFile)
		p.Secret("directory", c.Directory.Credential.SecretFile, c.Directory.Credential.CertificateFile)
	}
	p.Trusted("dns", c.DNS.CAFile)
	for _, s := range c.Sinks.All() {
		p.Trusted("sinks."+s.Kind+" "+s.Name, s.Files.Trusted...)
		p.Secret("sinks."+s.Kind+" "+s.Name, s.Files.Secret...)
	}
	for _, m := range c.Modules {
		p.Trusted("modules "+m.Name, m.Path)
		p.Secret("modules "+m.Name, slices.Sorted(maps.Values(m.SettingsFiles))...)
	}
	return ownership.Judge(p)
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
