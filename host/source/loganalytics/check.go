package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/monitor/azquery"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/checkup"
)

// check is one check of a workspace under way.
type check struct {
	azure.Checkup
	config Config
	conn   *connection
	// named says that somebody asked for just these tables: then each must be there.
	named bool
}

// Check goes the way of a query step by step and says what is wrong: credential, network, certificate, workspace, role, clock,
// and each table. Only names one table to check, also one that the configuration doesn't have; "" checks those of the
// configuration.
func Check(ctx context.Context, c Config, only string) checkup.Report {
	k := check{config: c, named: only != ""}
	k.Report, k.Credential = &checkup.Report{Of: "source " + c.Workspace}, c.Credential
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
	transport, ok := k.conn.transport.(*azure.Transport)
	if !ok {
		return *k.Report // not reached: newConnection makes one
	}
	k.Cloud, k.Transport = k.conn.cloud, transport
	api := k.Cloud.Services[azquery.ServiceNameLogs]
	if k.Token(ctx, api.Audience+"/.default") && k.Reach(ctx, api.Endpoint, "endpoint") && k.workspace(ctx) {
		k.clock()
		k.tables(ctx)
	}
	return *k.Report
}

// workspace asks the least that needs the role.
func (k *check) workspace(ctx context.Context) bool {
	begin := time.Now()
	_, err := k.conn.Query(ctx, k.config.Tables[0].probeQuery(), discard{})
	service := new(ServiceError)
	switch {
	case err == nil, errors.As(err, &service) && service.Status == http.StatusBadRequest, service.Status == http.StatusNoContent:
		k.OK("workspace", "%s answered at %s in %v", k.config.Workspace, k.Cloud.Services[azquery.ServiceNameLogs].Endpoint, time.Since(begin).Round(time.Millisecond))
		return true
	case service.Status == http.StatusForbidden && service.wrongToken():
		k.Problem("workspace", "set audience to what the endpoint expects, or cloud to the workspace's cloud", "%v", service.Reason)
	case service.Status == http.StatusForbidden:
		k.Problem("role", fmt.Sprintf("grant %s the role \"Log Analytics Reader\" on the workspace %s (Access control > Add role assignment); it takes up to an hour to work",
			k.Identity(), k.config.Workspace), "the token is good, but may not read the workspace: %v", service.Reason)
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
