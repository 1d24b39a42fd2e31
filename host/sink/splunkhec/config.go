package splunkhec

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Config is a Splunk HEC sink as the configuration file describes it. Start from Defaults.
type Config struct {
	// URL is where the collector listens, without a path: https://splunk.example.com:8088. http is for loopback only.
	URL string `yaml:"url"`
	// URLs are further collectors of the same deployment. Requests go to all in turn; one that fails rests for a while.
	URLs []string `yaml:"urls"`
	// TokenFile holds the token. Only its owner may read it; it is read again when it changes.
	TokenFile string `yaml:"token_file"`
	// Index is the index to write to; empty leaves it to the token. {table} in it stands for the table in lower case.
	Index string `yaml:"index"`
	// Host is the envelope's host; empty is this machine's name.
	Host string `yaml:"host"`
	// Source is the envelope's source. {workspace} in it stands for Workspace.
	Source string `yaml:"source"`
	// Sourcetype is the envelope's source type. {table} in it stands for the table in lower case.
	Sourcetype string `yaml:"sourcetype"`
	// Shape is how events are written: ShapeColumns or ShapeStream.
	Shape string `yaml:"shape"`
	// Workspace names the workspace; empty takes each row's TenantId, which is the workspace's id.
	Workspace string `yaml:"workspace"`
	// ExpandJSON opens JSON text in columns that have objects in another table, such as DeviceDetail of the sign-ins of applications.
	ExpandJSON bool `yaml:"expand_json"`
	// Proxy is an HTTP proxy on the way, http://proxy.example.com:3128, or https:// where it speaks TLS itself; the system's
	// authorities and those of CAFile may sign its certificate then. Empty goes straight. The environment has no say.
	Proxy string `yaml:"proxy"`
	// ProxyAuthFile holds user:password for the proxy. Only its owner may read it.
	ProxyAuthFile string `yaml:"proxy_auth_file"`
	// CAFile holds the authorities that may sign the collector's certificate; empty trusts the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are the certificate to show to the collector, if it asks.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// BatchBytes is how many bytes of envelopes, before compression, go into a request.
	BatchBytes int `yaml:"batch_bytes"`
	// Requests is how many requests of one batch of events may be under way.
	Requests int `yaml:"requests"`
	// Gzip compresses requests.
	Gzip bool `yaml:"gzip"`
	// Ack waits until the indexers have acknowledged; the token must have useACK on.
	Ack bool `yaml:"ack"`
	// AckTimeout is how long an acknowledgement may take before the events are sent again.
	AckTimeout time.Duration `yaml:"ack_timeout"`
	// Lenient takes the status "Success" of a receiver that speaks HEC but has no codes for accepted.
	Lenient bool `yaml:"lenient"`
	// Timeout bounds a request.
	Timeout time.Duration `yaml:"timeout"`

	// Secrets reads and remembers what is in the files; nil only reads it.
	Secrets *secret.Keeper `yaml:"-"`
}

// The shapes of events.
const (
	ShapeColumns = "columns" // the row's columns, as the workspace has them
	ShapeStream  = "stream"  // the diagnostic record, as diagnostic settings send it to an event hub, for tables that have one
)

// sourcetypeOfColumns is the source type unless the configuration says otherwise.
const sourcetypeOfColumns = "azure:loganalytics:{table}"

// Defaults is the configuration that URL and TokenFile complete.
func Defaults() Config {
	return Config{
		URLs:       []string{},
		Source:     "riskrelay:{workspace}",
		Sourcetype: sourcetypeOfColumns,
		Shape:      ShapeColumns,
		ExpandJSON: true,
		BatchBytes: 1 << 20, // what Splunk Cloud recommends at most; more gains nothing
		Requests:   2,
		Gzip:       true,
		AckTimeout: 5 * time.Minute,
		Timeout:    time.Minute,
	}
}

const (
	minBatch = 4 << 10
	maxBatch = 64 << 20
)

// Validate returns one error for each key that is wrong, joined, or nil. It reads no file.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := validURL(c.URL); err != nil {
		wrong("url: %w", err)
	}
	for i, text := range c.URLs {
		if err := validURL(text); err != nil {
			wrong("urls[%d]: %w", i, err)
		}
		if text == c.URL || slices.Contains(c.URLs[:i], text) {
			wrong("urls[%d]: %s is there twice", i, text)
		}
	}
	if c.TokenFile == "" {
		wrong("token_file: name the file that holds the HEC token")
	}
	if c.Sourcetype == "" {
		wrong("sourcetype: must not be empty")
	}
	if c.Shape != ShapeColumns && c.Shape != ShapeStream {
		wrong("shape: %q is neither %s nor %s", c.Shape, ShapeColumns, ShapeStream)
	}
	if c.Source == "" {
		wrong("source: must not be empty")
	}
	if c.BatchBytes < minBatch || c.BatchBytes > maxBatch {
		wrong("batch_bytes: %d is not between %d and %d", c.BatchBytes, minBatch, maxBatch)
	}
	if c.Requests < 1 || c.Requests > 64 {
		wrong("requests: %d is not between 1 and 64", c.Requests)
	}
	if c.Timeout <= 0 {
		wrong("timeout: must be positive")
	}
	if c.Ack && c.AckTimeout <= 0 {
		wrong("ack_timeout: must be positive")
	}
	if c.Lenient && c.Ack {
		wrong("lenient: a receiver without codes acknowledges nothing: set ack to false, or lenient")
	}
	if err := c.proxy().Validate(); err != nil {
		errs = append(errs, err)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		wrong("cert_file and key_file: give both or neither")
	}
	return errors.Join(errs...)
}

func validURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return errors.New("say where the collector listens, such as https://splunk.example.com:8088")
	case err != nil:
		return errors.New("not a URL: want something like https://splunk.example.com:8088")
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q is not a URL like https://splunk.example.com:8088", u.Redacted())
	case !endpoint.ValidPort(u.Port()) && u.Port() != "":
		return fmt.Errorf("%s is not a port", u.Port())
	case u.User != nil:
		return errors.New("holds a user or password: put the token into token_file")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return errors.New("has a path or a query: give scheme, host and port only")
	case u.Scheme == "http" && !endpoint.Loopback(u.Hostname()):
		return errors.New("http would send the token in the clear: use https (with ca_file for a private authority)")
	}
	return nil
}

func (c Config) tls() endpoint.TLS {
	return endpoint.TLS{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Secrets: c.Secrets}
}

func (c Config) proxy() endpoint.Proxy {
	return endpoint.Proxy{URL: c.Proxy, AuthFile: c.ProxyAuthFile, CAFile: c.CAFile, Secrets: c.Secrets}
}

// host is the envelope's host.
func (c Config) host() string {
	if c.Host != "" {
		return c.Host
	}
	name, err := os.Hostname()
	if err != nil {
		return "riskrelay"
	}
	return name
}
