package azure

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"regexp"
)

// TLS is a copy of the configuration of the transport's connections.
func (t *Transport) TLS() *tls.Config {
	transport, ok := t.client.Transport.(*http.Transport)
	if !ok {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return transport.TLSClientConfig.Clone()
}

// Proxy is the HTTP proxy on the way to an address, which the environment names; nil for none.
func Proxy(address *url.URL) (*url.URL, error) {
	return http.ProxyFromEnvironment(&http.Request{URL: address})
}

var directoryCode = regexp.MustCompile(`AADSTS(\d+)`)

// TokenAdvice is what to do about an error of getting a token: what the directory's error code means, or "" when it has none
// that is known. https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func (c *Credential) TokenAdvice(err error) string {
	found := directoryCode.FindStringSubmatch(err.Error())
	if found == nil {
		return ""
	}
	switch found[1] {
	case "7000215":
		return "the secret in " + c.SecretFile + " is wrong: write the secret's value there, not its id"
	case "7000222":
		return "the secret in " + c.SecretFile + " expired: make a new one for the application (Certificates & secrets) and write its value there"
	case "700016":
		return "the directory " + c.TenantID + " has no application " + c.ClientID + ": correct client_id or tenant_id"
	case "90002", "900023":
		return "there is no directory " + c.TenantID + ": correct tenant_id, and cloud if it is a national one"
	case "700027", "700024", "7000214":
		return "the application doesn't accept the certificate in " + c.CertificateFile + ": upload its public part to the application " +
			"(Certificates & secrets), and check that it isn't expired and this machine's clock is right"
	case "7000112", "500011":
		return "the application is disabled in the directory, or audience names none that is there: enable it under Enterprise applications, check audience"
	case "700211", "700212", "700213", "70021":
		return "the application has no federated credential for this workload: add one whose issuer, subject and audience are the token's"
	case "53003", "530003":
		return "a policy of Conditional Access blocks the application: exclude it, or allow this machine's network"
	case "1002012":
		return "audience must be the address of the API, without a path"
	}
	return ""
}
