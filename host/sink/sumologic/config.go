package sumologic

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Config is a Sumo Logic sink as the configuration file describes it. Start from Defaults.
type Config struct {
	// URLFile holds the address of the HTTP source, which is its secret. Only its owner may read it; it is read again when
	// it changes.
	URLFile string `yaml:"url_file"`
	// Category is the source category. {table} in it stands for the table in lower case.
	Category string `yaml:"source_category"`
	// Host is the source host; empty is this machine's name.
	Host string `yaml:"source_host"`
	// Name is the source name; empty leaves it to the source. {table} in it stands for the table in lower case.
	Name string `yaml:"source_name"`
	// Fields go with every event. Each must be in the account's schema, or Sumo Logic drops it.
	Fields map[string]string `yaml:"fields"`
	// ExpandJSON opens JSON text in columns that have objects in another table, such as DeviceDetail of the sign-ins of applications.
	ExpandJSON bool `yaml:"expand_json"`
	// CAFile holds the authorities that may sign the certificate; empty trusts the system's.
	CAFile string `yaml:"ca_file"`
	// BatchBytes is how many bytes of events, before compression, go into a request.
	BatchBytes int `yaml:"batch_bytes"`
	// MaxEvent is how many bytes an event may have; longer ones are shortened with a mark. Sumo Logic cuts what is longer
	// than 64 KiB into several messages.
	MaxEvent int `yaml:"max_event"`
	// Requests is how many requests of one batch of events may be under way.
	Requests int `yaml:"requests"`
	// Gzip compresses requests.
	Gzip bool `yaml:"gzip"`
	// Timeout bounds a request.
	Timeout time.Duration `yaml:"timeout"`

	// Secrets reads and remembers what is in the files; nil only reads it.
	Secrets *secret.Keeper `yaml:"-"`
}

// Defaults is the configuration that URLFile completes.
//
// Sizes: https://www.sumologic.com/help/docs/send-data/hosted-collectors/http-source/logs-metrics/upload-logs/ and
// https://www.sumologic.com/help/docs/search/get-started-with-search/search-basics/search-large-messages/
func Defaults() Config {
	return Config{
		Category:   "azure/loganalytics/{table}",
		Fields:     map[string]string{},
		ExpandJSON: true,
		BatchBytes: 1_000_000, // between 100 KB and 1 MB before compression is asked for
		MaxEvent:   64 << 10,
		Requests:   2,
		Gzip:       true,
		Timeout:    time.Minute,
	}
}

const (
	minEvent  = 1024 // below it there is no room for an event
	maxEvent  = 1 << 20
	minBatch  = 4 << 10
	maxBatch  = 16 << 20
	maxHeader = 1024 // characters of a category, host or name
)

// Validate returns one error for each key that is wrong, joined, or nil. It reads no file.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.URLFile == "" {
		wrong("url_file: name the file that holds the address of the HTTP source")
	}
	header := func(key, value string) {
		if !fitsHeader(value, "") {
			wrong("%s: %q must be at most %d printable ASCII characters", key, value, maxHeader)
		}
	}
	header("source_category", c.Category)
	header("source_host", c.Host)
	header("source_name", c.Name)
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		value := c.Fields[name]
		if name == "" || !fitsHeader(name, ",= ") || !fitsHeader(value, ",") {
			wrong("fields: %s=%s: want printable ASCII characters without commas, in the name without = and spaces", name, value)
		}
	}
	if c.MaxEvent < minEvent || c.MaxEvent > maxEvent {
		wrong("max_event: %d is not between %d and %d", c.MaxEvent, minEvent, maxEvent)
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
	return errors.Join(errs...)
}

// fitsHeader reports whether value can stand in a header and has none of the characters in not.
func fitsHeader(value, not string) bool {
	return len(value) <= maxHeader && !strings.ContainsAny(value, not) &&
		!strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

// code is the secret in the address of a source, the last part of its path. The error is about what can't be such an address, and
// doesn't repeat it.
func code(address string) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http", strings.Trim(u.Path, "/") == "":
		return "", errors.New("doesn't hold an address like https://endpoint.collection.sumologic.com/receiver/v1/http/CODE")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("holds an address with more than scheme, host and path")
	case u.Scheme == "http" && !endpoint.Loopback(u.Hostname()):
		return "", errors.New("holds an http address, which would be sent in the clear: use https")
	}
	return path.Base(u.Path), nil
}

// fields are the fields as the header holds them, in the order of their names.
func (c Config) fields() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		pairs = append(pairs, name+"="+c.Fields[name])
	}
	return strings.Join(pairs, ",")
}

func (c Config) tls() endpoint.TLS { return endpoint.TLS{CAFile: c.CAFile, Secrets: c.Secrets} }

func (c Config) host() string {
	if c.Host != "" {
		return c.Host
	}
	name, err := os.Hostname()
	if err != nil || !fitsHeader(name, "") {
		return "riskrelay"
	}
	return name
}

// forTable is a category or name for the events of a table. A table's name comes with the data: of it only letters,
// digits and underscores can stand in a header.
func forTable(text, table string) string {
	return strings.ReplaceAll(text, "{table}", strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			return r
		}
		return -1
	}, table))
}
