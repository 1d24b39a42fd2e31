package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// checkedSpan is how far back a check looks for rows.
const checkedSpan = 24 * time.Hour

// summaryQuery asks what a table got in w: how many rows, and when the newest happened and arrived.
func (t Table) summaryQuery(w pipeline.Window) string {
	return t.selection(w) + "\n| summarize Rows = count(), Newest = max(" + timeColumn + "), Arrived = max(ingestion_time())"
}

// summary receives the reply to a summaryQuery.
type summary struct {
	names           []string
	rows            int
	newest, arrived time.Time
}

func (s *summary) begin(names []string, _ []enrich.Type) error {
	s.names = slices.Clone(names)
	return nil
}

func (s *summary) row(text []byte, cells []enrich.Span, _ []byte) (err error) {
	for i, name := range s.names {
		cell := text[cells[i].Start:cells[i].End]
		switch {
		case string(cell) == "null":
		case name == "Rows":
			s.rows, err = strconv.Atoi(string(cell))
		case name == "Newest":
			s.newest, err = parseTime(text, cells[i])
		case name == "Arrived":
			s.arrived, err = parseTime(text, cells[i])
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return nil
}

// tables looks at each table. One that is missing or empty is no problem while another has rows, unless it was asked for.
func (k *check) tables(ctx context.Context) {
	full := 0
	for _, t := range k.config.Tables {
		if ctx.Err() != nil {
			k.Problem("table", "run it again", "interrupted before %s", t.Name)
			return
		}
		if k.table(ctx, t) {
			full++
		}
	}
	if full == 0 && !k.named {
		k.Problem("tables", "send logs to this workspace with diagnostic settings, or name another workspace", "no table of the configuration has had rows for %v", checkedSpan)
	}
}

func (k *check) table(ctx context.Context, t Table) (full bool) {
	now, known := k.conn.clock.now()
	if !known {
		now = time.Now()
	}
	lacks := k.Warn
	if k.named {
		lacks = k.Problem
	}
	var s summary
	_, err := k.conn.Query(ctx, t.summaryQuery(pipeline.Window{From: now.Add(-checkedSpan), To: now.Add(time.Minute)}), &s)
	service := new(ServiceError)
	errors.As(err, &service)
	name := "table " + t.Name
	switch {
	case service.noTable(t.Name) || service.Status == http.StatusNoContent:
		lacks(name, t.origin(), "the workspace has no such table yet: it comes into being with its first row")
	case service.Status == http.StatusForbidden:
		k.Problem(name, fmt.Sprintf("grant %s \"Log Analytics Reader\" on the whole workspace, or read access to this table", k.Identity()), "may not be read: %v", service.Reason)
	case service.Status == http.StatusBadRequest && k.plan(service):
		k.Problem(name, "switch its plan to Analytics (workspace > Tables > Manage table): other plans can't be read by queries over ingestion time",
			"has the table plan Basic or Auxiliary: %v", service.Reason)
	case service.Status == http.StatusBadRequest && t.Filter != "":
		k.Problem(name, "correct the table's filter: the service doesn't take the query with it", "%v", service.Reason)
	case err != nil:
		k.Problem(name, "if its plan is Basic or Auxiliary (workspace > Tables), switch it to Analytics; otherwise try again", "%s", azure.OneLine(err.Error()))
	case s.rows == 0:
		lacks(name, t.origin(), "no row arrived in the last %v", checkedSpan)
	default:
		k.OK(name, "%d rows in %v, the last arrived %v ago, %v after it happened", s.rows, checkedSpan,
			now.Sub(s.arrived).Round(time.Second), max(0, s.arrived.Sub(s.newest)).Round(time.Second))
		return true
	}
	return false
}

// plan reports whether the service refuses a query for the table's plan.
// https://learn.microsoft.com/azure/azure-monitor/logs/basic-logs-query
func (k *check) plan(e *ServiceError) bool {
	text := strings.ToLower(e.Reason)
	return strings.Contains(text, "basic") || strings.Contains(text, "auxiliary")
}

// origin is where a table's rows are sent to the workspace from.
func (t Table) origin() string {
	entra := map[string]string{
		"AuditLogs": "AuditLogs", "SigninLogs": "SignInLogs", "AADNonInteractiveUserSignInLogs": "NonInteractiveUserSignInLogs",
		"AADServicePrincipalSignInLogs": "ServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs": "ManagedIdentitySignInLogs",
	}
	if category := entra[t.Name]; category != "" {
		return "send " + category + " to this workspace (Entra ID > Monitoring > Diagnostic settings), or take the table out of tables"
	}
	switch t.Name {
	case "AzureActivity":
		return "send the activity log to this workspace (Monitor > Activity log > Export), or take the table out of tables"
	case "AzureDiagnostics", "AZKVAuditLogs":
		return "send each key vault's audit events to this workspace (Key vault > Diagnostic settings), or take the table out of tables: only one of AzureDiagnostics and AZKVAuditLogs is filled"
	case "OfficeActivity":
		return "connect Microsoft 365 to this workspace (Microsoft Sentinel > Data connectors), or take the table out of tables"
	}
	return "send its logs to this workspace, correct its name, or take it out of tables"
}
