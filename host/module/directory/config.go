package directory

import (
	"errors"
	"fmt"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/host/graph"
)

// Config says whether and how the directory is read.
type Config struct {
	Enabled bool          `yaml:"enabled"`
	Every   time.Duration `yaml:"every"` // how often it is read again
	Wait    time.Duration `yaml:"wait"`  // how long the first events wait until it was read; 0 doesn't wait

	MaxObjects   int `yaml:"max_objects"` // with more applications and service principals, rules get none of them
	graph.Config `yaml:",inline"`
}

// Defaults returns a configuration that is off, and would read the public cloud once an hour.
func Defaults() Config {
	return Config{Every: time.Hour, MaxObjects: 100_000, Config: graph.Defaults()}
}

const (
	leastEvery = time.Second
	mostWait   = 10 * time.Minute
)

// Validate returns all mistakes as one error; each begins with the key that is wrong. It opens no file. What is off isn't
// looked at.
func (c *Config) Validate() error {
	if !c.Enabled {
		return nil
	}
	var errs []error
	if c.Every < leastEvery {
		errs = append(errs, fmt.Errorf("every: %v is too short: use %v or more", c.Every, leastEvery))
	}
	if c.Wait < 0 || c.Wait > mostWait {
		errs = append(errs, fmt.Errorf("wait: %v is not between 0s and %v", c.Wait, mostWait))
	}
	if c.MaxObjects < 0 {
		errs = append(errs, fmt.Errorf("max_objects: %d is less than none", c.MaxObjects))
	}
	return errors.Join(append(errs, c.Config.Validate())...)
}

// parseSettings reads a module's settings: a Config as YAML, whose unknown keys are errors.
func parseSettings(text []byte) (Config, error) {
	c := Defaults()
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return c, fmt.Errorf("read the settings of the directory: %w", err)
	}
	return c, c.Validate()
}
