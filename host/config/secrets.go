package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/host/secret"
)

// Use has every part read its secrets through k, which remembers them.
func (c *Config) Use(k *secret.Keeper) {
	c.Secrets = k
	for i := range c.Sources.LogAnalytics {
		c.Sources.LogAnalytics[i].Credential.Secrets = k
	}
	for i := range c.Sources.Graph {
		c.Sources.Graph[i].Credential.Secrets = k
	}
	c.Directory.Credential.Secrets = k
	for _, s := range c.Sinks.All() {
		s.Use(k)
	}
}

// SettingsText is what a module is handed: its settings as YAML, with what is in the files of SettingsFiles. The error names the
// key and the file.
func (m Module) SettingsText(k *secret.Keeper) ([]byte, error) {
	settings := maps.Clone(m.Settings)
	if settings == nil && len(m.SettingsFiles) > 0 {
		settings = map[string]any{}
	}
	for _, key := range slices.Sorted(maps.Keys(m.SettingsFiles)) {
		content, err := k.File("settings_files."+key, m.SettingsFiles[key], nil).Get()
		if err != nil {
			return nil, err
		}
		settings[key] = content
	}
	text, err := yaml.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("write its settings: %w", err)
	}
	return text, nil
}
