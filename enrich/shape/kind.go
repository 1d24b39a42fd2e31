package shape

import "strings"

// Kind is a shape in which Azure's own tools write events.
type Kind string

// The kinds.
const (
	Rows      Kind = "rows"       // rows of Log Analytics as JSON objects
	RowsCSV   Kind = "rows-csv"   // rows of Log Analytics as the Logs blade exports them
	Query     Kind = "query"      // replies of the query API
	Records   Kind = "records"    // diagnostic records
	Graph     Kind = "graph"      // objects of Microsoft Graph, which the Entra portal downloads, too
	EntraCSV  Kind = "entra-csv"  // what the Entra portal downloads as CSV
	Office    Kind = "office"     // Microsoft 365's unified audit
	OfficeCSV Kind = "office-csv" // the same as Purview exports it
)

// about says of each kind what it is, for people.
var about = [...]struct {
	kind Kind
	text string
}{
	{Rows, "rows of Log Analytics as JSON: one a line, or a list as az monitor log-analytics query writes it"},
	{RowsCSV, "rows of Log Analytics as CSV, exported from the Logs blade"},
	{Query, "a reply of Log Analytics' query API"},
	{Records, "diagnostic records: {\"records\":[..]}, or one a line as storage accounts keep them (PT1H.json)"},
	{Graph, "audits, sign-ins or applications as Microsoft Graph answers and the Entra portal downloads them as JSON"},
	{EntraCSV, "audits or sign-ins as the Entra portal downloads them as CSV"},
	{Office, "Microsoft 365's unified audit as JSON, from the Management API"},
	{OfficeCSV, "Microsoft 365's unified audit as CSV with AuditData, exported from Purview"},
}

// Kinds are all kinds, in the order in which people should read of them.
func Kinds() (all []Kind) {
	for _, a := range about {
		all = append(all, a.kind)
	}
	return all
}

// About says what the kind is; "" for none that there is.
func (k Kind) About() string {
	for _, a := range about {
		if a.kind == k {
			return a.text
		}
	}
	return ""
}

// kindNames are the names of all kinds, for messages.
func kindNames() string {
	var all []string
	for _, k := range Kinds() {
		all = append(all, string(k))
	}
	return strings.Join(all, ", ")
}
