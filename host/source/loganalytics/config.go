package loganalytics

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/riskrelay/riskrelay/host/azure"
)

// Config says which workspace is read, as whom and how.
type Config struct {
	Workspace  string     `yaml:"workspace"`  // the workspace's GUID ("Workspace ID" in the portal)
	Cloud      string     `yaml:"cloud"`      // public, usgov or china
	Endpoint   string     `yaml:"endpoint"`   // https URL to use in place of the cloud's; "/v1" is added to a bare host
	Audience   string     `yaml:"audience"`   // whom tokens are for, when the endpoint isn't the cloud's
	CAFile     string     `yaml:"ca_file"`    // PEM certificates to trust besides the system's
	Credential Credential `yaml:"credential"` // as whom
	Tables     []Table    `yaml:"tables"`     // what is read

	Start     time.Duration `yaml:"start"`      // how far back the very first window begins
	Settle    time.Duration `yaml:"settle"`     // how long rows may take to show up in order behind their ingestion time
	Every     time.Duration `yaml:"every"`      // how often a table is asked for new rows
	MaxWindow time.Duration `yaml:"max_window"` // the longest window
	Timeout   time.Duration `yaml:"timeout"`    // how long the service may work on one query; the service allows 10 minutes

	MaxRequests int `yaml:"max_requests"` // in 30 seconds; several hosts with one identity have to share the service's 200

	// Modest leaves the limits to a host that reads beside: one query at a time, and a quarter of the requests.
	Modest bool `yaml:"-"`
}

// Table is one table to read.
type Table struct {
	Name   string `yaml:"name"`
	Filter Filter `yaml:"filter"` // only rows for which it is true are read
}

// Credential says as whom the workspace is asked.
type Credential = azure.Credential

// Defaults returns a configuration that lacks only the workspace. Two minutes of settling is what Microsoft Sentinel
// waits before it looks at freshly ingested rows:
// https://learn.microsoft.com/azure/sentinel/near-real-time-rules
func Defaults() Config {
	return Config{
		Cloud:      "public",
		Credential: azure.DefaultCredential(),
		Tables: []Table{
			{Name: "AuditLogs"},
			{Name: "SigninLogs"},
			{Name: "AADNonInteractiveUserSignInLogs"},
			{Name: "AADServicePrincipalSignInLogs"},
			{Name: "AADManagedIdentitySignInLogs"},
			{Name: "AzureActivity"},
			{Name: "AzureDiagnostics"},
			{Name: "AZKVAuditLogs"},
			{Name: "OfficeActivity"},
		},
		Start:     24 * time.Hour,
		Settle:    2 * time.Minute,
		Every:     30 * time.Second,
		MaxWindow: time.Hour,
		Timeout:   3 * time.Minute,

		MaxRequests: defaultRequests,
	}
}

// requests is how many requests are made in limitPeriod.
func (c *Config) requests() int {
	if c.Modest {
		return max(1, c.MaxRequests/4)
	}
	return c.MaxRequests
}

// queries is how many queries run at a time.
func (c *Config) queries() int {
	if c.Modest {
		return 1
	}
	return maxQueries
}

// Names of tables and columns: https://learn.microsoft.com/kusto/query/schema-entities/entity-names
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// isGUID reports whether s is a GUID with dashes and nothing around it, the one form of those that [uuid.Validate] takes
// that the service takes.
func isGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// Validate returns all mistakes as one error; each begins with the key that is wrong. It opens no file.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(isGUID(c.Workspace), "workspace: %q is no GUID: take the Workspace ID from the workspace's Overview page in the portal", c.Workspace)
	_, known := azure.Clouds()[c.Cloud]
	check(known, "cloud: %q is unknown: use public, usgov or china", c.Cloud)
	check(c.Endpoint == "" || azure.IsHTTPS(c.Endpoint), "endpoint: %q is no https URL: tokens are not sent without TLS", c.Endpoint)
	check(c.Audience == "" || azure.IsHTTPS(c.Audience), "audience: %q is no https URL", c.Audience)
	check(c.Start >= 0, "start: %v is negative", c.Start)
	check(c.Settle >= 0, "settle: %v is negative", c.Settle)
	check(c.Every >= time.Millisecond, "every: %v is too short: use 1ms or more", c.Every)
	check(c.MaxWindow >= c.Every, "max_window: %v is shorter than every (%v)", c.MaxWindow, c.Every)
	check(c.Timeout >= time.Second && c.Timeout <= maxWait, "timeout: %v is not between 1s and %v, the most that the service allows", c.Timeout, maxWait)
	check(c.MaxRequests >= 1 && c.MaxRequests <= 1_000_000, "max_requests: %d is not between 1 and 1000000", c.MaxRequests)
	errs = append(errs, c.validateTables(), c.Credential.Validate())
	return errors.Join(errs...)
}

// CheckTable says what is wrong with a table's name.
func CheckTable(name string) error {
	if !identifier.MatchString(name) {
		return fmt.Errorf("%q is no table name: use letters, digits and '_'", name)
	}
	return nil
}

func (c *Config) validateTables() error {
	if len(c.Tables) == 0 {
		return errors.New("tables: none are named: nothing would be read")
	}
	var errs []error
	seen := map[string]bool{}
	for i, t := range c.Tables {
		key := fmt.Sprintf("tables[%d]", i)
		if err := CheckTable(t.Name); err != nil {
			errs = append(errs, fmt.Errorf("%s.name: %w", key, err))
		}
		if seen[t.Name] {
			errs = append(errs, fmt.Errorf("%s.name: %s is there twice: join the filters with \"or\"", key, t.Name))
		}
		seen[t.Name] = true
		if err := t.Filter.Check(); err != nil {
			errs = append(errs, fmt.Errorf("%s.filter: %w", key, err))
		}
	}
	return errors.Join(errs...)
}
