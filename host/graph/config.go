package graph

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/riskrelay/riskrelay/host/azure"
)

// Config says which Microsoft Graph is asked, and as whom.
type Config struct {
	Cloud      string           `yaml:"cloud"`      // public, usgov or china
	Endpoint   string           `yaml:"endpoint"`   // https URL to use in place of the cloud's; "/v1.0" is added to a bare host
	Audience   string           `yaml:"audience"`   // whom tokens are for, when the endpoint isn't the cloud's
	CAFile     string           `yaml:"ca_file"`    // PEM certificates to trust besides the system's
	Credential azure.Credential `yaml:"credential"` // as whom
}

// Defaults returns a configuration for the public cloud with whatever credential the machine offers.
func Defaults() Config {
	return Config{Cloud: "public", Credential: azure.DefaultCredential()}
}

// roots are the addresses of Microsoft Graph by cloud. https://learn.microsoft.com/graph/deployments
func roots() map[string]string {
	return map[string]string{
		"public": "https://graph.microsoft.com",
		"usgov":  "https://graph.microsoft.us",
		"china":  "https://microsoftgraph.chinacloudapi.cn",
	}
}

// Validate returns all mistakes as one error; each begins with the key that is wrong. It opens no file.
func (c *Config) Validate() error {
	var errs []error
	if _, known := roots()[c.Cloud]; !known {
		errs = append(errs, fmt.Errorf("cloud: %q is unknown: use public, usgov or china", c.Cloud))
	}
	if c.Endpoint != "" && !azure.IsHTTPS(c.Endpoint) {
		errs = append(errs, fmt.Errorf("endpoint: %q is no https URL: tokens are not sent without TLS", c.Endpoint))
	}
	if c.Audience != "" && !azure.IsHTTPS(c.Audience) {
		errs = append(errs, fmt.Errorf("audience: %q is no https URL", c.Audience))
	}
	return errors.Join(append(errs, c.Credential.Validate())...)
}

// base is where requests go, with the version and without a slash at its end.
func (c *Config) base() string {
	if c.Endpoint == "" {
		return roots()[c.Cloud] + "/v1.0"
	}
	base := strings.TrimRight(c.Endpoint, "/")
	if u, err := url.Parse(base); err == nil && u.Path == "" {
		base += "/v1.0"
	}
	return base
}

// scope is what tokens are asked for.
func (c *Config) scope() string {
	audience := c.Audience
	if audience == "" {
		audience = roots()[c.Cloud]
	}
	return strings.TrimRight(audience, "/") + "/.default"
}
