package loganalytics

import (
	"fmt"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// The columns that queries add and that never leave this package.
const (
	ingestedColumn = "RiskrelayIngested" // ingestion_time()
	itemColumn     = "RiskrelayItem"     // _ItemId
	timeColumn     = "TimeGenerated"
)

// pruning is how long before its ingestion a row may have been generated. The service looks only at data whose
// TimeGenerated fits, and replaces a TimeGenerated more than two days older than the row's arrival; the third day
// is for the way from arrival to ingestion.
// https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns#timegenerated
const pruning = 3 * 24 * time.Hour

// tick is the resolution of Kusto's clock.
const tick = 100 * time.Nanosecond

// ticks is the time format of KQL literals and replies, with all digits that Kusto has.
const ticks = "2006-01-02T15:04:05.0000000Z"

func datetime(t time.Time) string { return "datetime(" + t.UTC().Format(ticks) + ")" }

// builtinFilter is the condition that a table has whatever the configuration says. AzureDiagnostics holds the logs of
// dozens of services, of which only Key Vault is wanted.
func builtinFilter(table string) string {
	if table == "AzureDiagnostics" {
		return `ResourceProvider == "MICROSOFT.KEYVAULT"`
	}
	return ""
}

// resourceColumns are the columns that say which resource a row is about, where the service hides them unless a query
// names them: for AZKVAuditLogs they are the only place that names the vault's resource.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azkvauditlogs
func resourceColumns(table string) []string {
	if table == "AZKVAuditLogs" || table == "AzureActivity" {
		return []string{"_ResourceId", "_SubscriptionId"}
	}
	return nil
}

// added is the name under which a query adds a hidden column; the reply's rows get the column's own name back.
func added(column string) string { return "Riskrelay" + column }

// rowsQuery asks for the rows of w in the order of marks.
func (t Table) rowsQuery(w pipeline.Window) string {
	q := t.selection(w) + "\n| extend " + ingestedColumn + " = ingestion_time(), " + itemColumn + " = _ItemId"
	for _, column := range resourceColumns(t.Name) {
		q += ", " + added(column) + " = " + column
	}
	return q + "\n| order by " + ingestedColumn + " asc, " + itemColumn + " asc"
}

// countQuery asks how many rows of w were ingested in each minute.
func (t Table) countQuery(w pipeline.Window) string {
	return t.selection(w) + "\n| summarize count() by bin(ingestion_time(), 1m)"
}

// probeQuery asks for nothing: its reply's Date header is the service's clock.
func (t Table) probeQuery() string { return t.Name + "\n| take 0" }

// oldestQuery asks when the oldest row that the workspace still has was generated.
func (t Table) oldestQuery() string { return t.Name + "\n| summarize min(" + timeColumn + ")" }

// selection names the rows of w.
func (t Table) selection(w pipeline.Window) string {
	var q strings.Builder
	fmt.Fprintf(&q, "%s\n| where %s >= %s", t.Name, timeColumn, datetime(w.From.Add(-pruning)))
	fmt.Fprintf(&q, "\n| where ingestion_time() >= %s and ingestion_time() < %s", datetime(w.From), datetime(w.To))
	for _, condition := range []string{builtinFilter(t.Name), string(t.Filter)} {
		if condition != "" {
			fmt.Fprintf(&q, "\n| where (%s)", condition)
		}
	}
	if w.Slots > 0 {
		fmt.Fprintf(&q, "\n| where hash(_ItemId, %d) == %d", w.Slots, w.Slot)
	}
	return q.String()
}
