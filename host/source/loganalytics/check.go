package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/azquery"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/checkup"
)

// check is one check of a workspace under way.
type check struct {
	*checkup.Report
	config Config
	conn   *connection
	// named says that somebody asked for just these tables: then each must be there.
	named bool
}

// Check goes the way of a query step by step and says what is wrong: credential, network, certificate, workspace, role, clock,
// and each table. Only names one table to check, also one that the configuration doesn't have; "" checks those of the
// configuration.
func Check(ctx context.Context, c Config, only string) checkup.Report {
	k := check{Report: &checkup.Report{Of: "source " + c.Workspace}, config: c, named: only != ""}
	if k.named {
		at := slices.IndexFunc(c.Tables, func(t Table) bool { return t.Name == only })
		if k.config.Tables = []Table{{Name: only}}; at >= 0 {
			k.config.Tables = []Table{c.Tables[at]}
		}
	}
	if err := k.config.Validate(); err != nil {
		k.Problem("configuration", "correct it", "%v", err)
		return *k.Report
	}
	var err error
	if k.conn, err = newConnection(k.config); err != nil {
		k.Problem("configuration", "correct ca_file", "%v", err)
		return *k.Report
	}
	if k.token(ctx) && k.reach(ctx, k.api(), "endpoint") && k.workspace(ctx) {
		k.clock()
		k.tables(ctx)
	}
	return *k.Report
}

func (k *check) api() string { return k.conn.cloud.Services[azquery.ServiceNameLogs].Endpoint }

// reach connects to where an address leads.
func (k *check) reach(ctx context.Context, address, key string) bool {
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
		Address: net.JoinHostPort(at.Hostname(), port), Key: key, CAKey: "ca_file", CertKey: "certificate_file",
	}
	if transport, ok := k.conn.transport.(*azure.Transport); ok {
		target.TLS = transport.TLS()
	}
	if target.Proxy, err = azure.Proxy(at); err != nil {
		k.Problem("proxy", "correct HTTPS_PROXY", "the proxy's address can't be read")
		return false
	}
	return checkup.Reach(ctx, k.Report, target)
}

// token asks the directory for a token.
func (k *check) token(ctx context.Context) bool {
	c := k.config.Credential
	credential, err := azure.NewCredential(c, azcore.ClientOptions{Cloud: k.conn.cloud, Transport: k.conn.transport})
	if err != nil {
		k.Problem("credential", "correct credential in the configuration", "%v", err)
		return false
	}
	authority := c.Authority
	if authority == "" {
		authority = k.conn.cloud.ActiveDirectoryAuthorityHost
	}
	if (c.SecretFile != "" || c.CertificateFile != "") && !k.reach(ctx, authority, "authority") {
		return false // other kinds ask somebody on this machine
	}
	scope := k.conn.cloud.Services[azquery.ServiceNameLogs].Audience + "/.default"
	begin := time.Now()
	_, err = credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: true})
	if err != nil {
		fix := c.TokenAdvice(err)
		if token := azure.TokenError(err); token != nil {
			err = token
		}
		if fix == "" {
			fix = "check credential (kind, tenant_id, client_id): does this machine have that identity?"
		}
		k.Problem("token", fix, "%s", azure.OneLine(err.Error()))
		return false
	}
	k.OK("token", "the directory gave a token for %s in %v", k.identity(), time.Since(begin).Round(time.Millisecond))
	return true
}

// identity is as whom the workspace is asked.
func (k *check) identity() string {
	if k.config.Credential.ClientID != "" {
		return "application " + k.config.Credential.ClientID
	}
	return "this machine's identity (credential " + k.config.Credential.Kind + ")"
}

// workspace asks the least that needs the role.
func (k *check) workspace(ctx context.Context) bool {
	begin := time.Now()
	_, err := k.conn.Query(ctx, k.config.Tables[0].probeQuery(), discard{})
	service := new(ServiceError)
	switch {
	case err == nil, errors.As(err, &service) && service.Status == http.StatusBadRequest, service.Status == http.StatusNoContent:
		k.OK("workspace", "%s answered in %v", k.config.Workspace, time.Since(begin).Round(time.Millisecond))
		return true
	case service.Status == http.StatusForbidden && service.wrongToken():
		k.Problem("workspace", "set audience to what the endpoint expects, or cloud to the workspace's cloud", "%v", service.Reason)
	case service.Status == http.StatusForbidden:
		k.Problem("role", fmt.Sprintf("grant %s the role \"Log Analytics Reader\" on the workspace %s (Access control > Add role assignment); it takes up to an hour to work",
			k.identity(), k.config.Workspace), "the token is good, but may not read the workspace: %v", service.Reason)
	case service.Status == http.StatusNotFound:
		k.Problem("workspace", "set workspace to the Workspace ID of the workspace's Overview page, and check cloud", "there is no workspace %s: %v",
			k.config.Workspace, service.Reason)
	case service.Status == http.StatusTooManyRequests:
		k.Problem("workspace", "wait; if it lasts, lower max_requests or give riskrelay an identity of its own", "the identity asks too much: %v", service.Reason)
	default:
		fix := "try again; if it stays, look at Azure's status page"
		if service.Advice != "" {
			fix = service.Advice
		}
		k.Problem("workspace", fix, "%s", azure.OneLine(err.Error()))
	}
	return false
}

// wrongToken reports whether a refusal is about the token and not about what its bearer may do.
func (e *ServiceError) wrongToken() bool {
	return slices.ContainsFunc(e.codes, func(code string) bool {
		return strings.HasPrefix(code, "InvalidAuthenticationToken") || code == "InvalidTokenError"
	})
}

// Tolerated is how far this machine's clock may be off: certificates and tokens are judged by it. Above worst, the directory
// refuses what is signed here (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
const (
	tolerated = time.Minute
	worst     = 5 * time.Minute
)

// clock compares the service's clock with this machine's.
func (k *check) clock() {
	service, known := k.conn.clock.now()
	if !known {
		return
	}
	off := time.Since(service).Round(5 * time.Second) // the service's is known to the second
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	says := fmt.Sprintf("this machine's clock is %v %s the service's", off.Abs(), direction)
	switch {
	case off.Abs() > worst:
		k.Problem("clock", "set the clock, with NTP: tokens and certificates are judged by it", "%s", says)
	case off.Abs() > tolerated:
		k.Warn("clock", "set the clock, with NTP", "%s", says)
	default:
		k.OK("clock", "agrees with the service's to %v", tolerated)
	}
}
