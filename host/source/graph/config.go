package graph

import (
	"errors"
	"fmt"
	"strings"
	"time"

	msgraph "github.com/riskrelay/riskrelay/host/graph"
)

// Config says which tenant's applications are read.
type Config struct {
	Name           string        `yaml:"name"`  // the ledger's key, so it must stay
	Every          time.Duration `yaml:"every"` // how often all objects are looked at
	msgraph.Config `yaml:",inline"`
}

// Defaults returns a configuration that reads the public cloud once an hour.
func Defaults() Config {
	return Config{Name: "entra", Every: time.Hour, Config: msgraph.Defaults()}
}

// leastEvery leaves a pause between two looks, of which each may be hundreds of requests.
const leastEvery = time.Millisecond

// Validate returns all mistakes as one error; each begins with the key that is wrong. It opens no file.
func (c *Config) Validate() error {
	var errs []error
	if c.Name == "" || strings.ContainsAny(c.Name, ": \t\n") {
		errs = append(errs, fmt.Errorf("name: %q is no name: use letters, digits and dashes; the ledger knows the stream by it", c.Name))
	}
	if c.Every < leastEvery {
		errs = append(errs, fmt.Errorf("every: %v is too short: use %v or more", c.Every, leastEvery))
	}
	return errors.Join(append(errs, c.Config.Validate())...)
}
