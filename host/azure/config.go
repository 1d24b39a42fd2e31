// Package azure holds what the clients of Azure's services share: credentials, clouds, a transport that bounds replies,
// and how a service says when to come back. It is the only door to azidentity.
package azure

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/riskrelay/riskrelay/host/secret"
)

// Credential says as whom a service of Azure is asked. Files are read again when they changed.
type Credential struct {
	Kind            string `yaml:"kind"`             // default, managed, workload, secret or certificate
	TenantID        string `yaml:"tenant_id"`        // the directory
	ClientID        string `yaml:"client_id"`        // the application, or a user-assigned managed identity
	SecretFile      string `yaml:"secret_file"`      // for kind secret
	CertificateFile string `yaml:"certificate_file"` // for kind certificate: PEM or PKCS#12 with the private key
	TokenFile       string `yaml:"token_file"`       // for kind workload, if not in AZURE_FEDERATED_TOKEN_FILE
	Authority       string `yaml:"authority"`        // https URL that hands out tokens, when it isn't the cloud's

	// Secrets reads and remembers what is in the files; nil only reads it.
	Secrets *secret.Keeper `yaml:"-"`
}

// The kinds of credentials.
const (
	kindDefault     = "default"
	kindManaged     = "managed"
	kindWorkload    = "workload"
	kindSecret      = "secret"
	kindCertificate = "certificate"
)

// DefaultCredential is the credential of a configuration that names none: whatever the machine offers.
func DefaultCredential() Credential { return Credential{Kind: kindDefault} }

// Validate returns all mistakes as one error; each begins with the key that is wrong. It opens no file.
func (c *Credential) Validate() error {
	var errs []error
	need := func(key, value string) {
		if value == "" {
			errs = append(errs, fmt.Errorf("credential.%s: is needed for kind %s", key, c.Kind))
		}
	}
	switch c.Kind {
	case kindDefault, kindManaged, kindWorkload:
	case kindSecret:
		need("tenant_id", c.TenantID)
		need("client_id", c.ClientID)
		need("secret_file", c.SecretFile)
	case kindCertificate:
		need("tenant_id", c.TenantID)
		need("client_id", c.ClientID)
		need("certificate_file", c.CertificateFile)
	default:
		errs = append(errs, fmt.Errorf("credential.kind: %q is unknown: use default, managed, workload, secret or certificate", c.Kind))
	}
	if c.Authority != "" && !IsHTTPS(c.Authority) {
		errs = append(errs, fmt.Errorf("credential.authority: %q is no https URL", c.Authority))
	}
	return errors.Join(errs...)
}

// IsHTTPS reports whether text is an https URL with a host and without a user.
func IsHTTPS(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}
