package azure

import (
	"context"
	"net"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/riskrelay/riskrelay/host/checkup"
)

// Checkup is a check of one of Azure's services under way.
type Checkup struct {
	*checkup.Report
	Credential Credential
	Cloud      cloud.Configuration
	Transport  *Transport
}

// Identity is as whom the service is asked, for people.
func (k *Checkup) Identity() string {
	if k.Credential.ClientID != "" {
		return "application " + k.Credential.ClientID
	}
	return "this machine's identity (credential " + k.Credential.Kind + ")"
}

// Reach connects to where a URL leads, through the proxy if there is one, and notes each step. Key is the configuration's key
// that holds the URL.
func (k *Checkup) Reach(ctx context.Context, address, key string) bool {
	at, err := url.Parse(address)
	if err != nil {
		k.Problem("dns", "correct "+key, "%q is no URL", address)
		return false
	}
	port := at.Port()
	if port == "" {
		port = "443"
	}
	target := checkup.Target{
		Address: net.JoinHostPort(at.Hostname(), port), TLS: k.Transport.TLS(), Key: key, CAKey: "ca_file", CertKey: "certificate_file",
	}
	if target.Proxy, err = Proxy(at); err != nil {
		k.Problem("proxy", "correct HTTPS_PROXY", "the proxy's address can't be read")
		return false
	}
	return checkup.Reach(ctx, k.Report, target)
}

// directory is who gives tokens: others than secrets and certificates are turned into tokens by somebody on this machine.
func (k *Checkup) directory(authority string) string {
	at, err := url.Parse(authority)
	if err != nil || k.Credential.SecretFile == "" && k.Credential.CertificateFile == "" {
		return "the directory"
	}
	return "the directory " + at.Host
}

// Token asks the directory for a token for a scope, and notes the steps there.
func (k *Checkup) Token(ctx context.Context, scope string) bool {
	c := k.Credential
	credential, err := NewCredential(c, azcore.ClientOptions{Cloud: k.Cloud, Transport: k.Transport})
	if err != nil {
		k.Problem("credential", "correct credential in the configuration", "%v", err)
		return false
	}
	authority := c.Authority
	if authority == "" {
		authority = k.Cloud.ActiveDirectoryAuthorityHost
	}
	if (c.SecretFile != "" || c.CertificateFile != "") && !k.Reach(ctx, authority, "authority") {
		return false // other kinds ask somebody on this machine
	}
	begin := time.Now()
	_, err = credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: true})
	if err == nil {
		k.OK("token", "%s gave a token for %s in %v", k.directory(authority), k.Identity(), time.Since(begin).Round(time.Millisecond))
		return true
	}
	fix := c.TokenAdvice(err)
	if token := TokenError(err); token != nil {
		err = token
	}
	if fix == "" {
		fix = "check credential (kind, tenant_id, client_id): does this machine have that identity?"
	}
	k.Problem("token", fix, "%s", OneLine(err.Error()))
	return false
}
