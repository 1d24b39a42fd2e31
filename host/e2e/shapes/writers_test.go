package shapes

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// object is a row, or what a tool makes of it.
type object = map[string]any

// writer writes rows of some tables as a tool does.
type writer struct {
	name   string
	kind   shape.Kind
	tables []string // nil for all
	write  func(t testing.TB, rows []object) []byte
}

func (w *writer) takes(table string) bool { return w.tables == nil || slices.Contains(w.tables, table) }

// signIns are the tables of sign-ins, with what Graph calls them.
var signIns = map[string]string{
	"SigninLogs": "interactiveUser", "AADNonInteractiveUserSignInLogs": "nonInteractiveUser",
	"AADServicePrincipalSignInLogs": "servicePrincipal", "AADManagedIdentitySignInLogs": "managedIdentity",
}

func writers() []writer {
	entra := append(slices.Collect(maps.Keys(signIns)), "AuditLogs")
	directory := append(slices.Clone(entra), "GraphApplications")
	return []writer{
		{"rows", shape.Rows, nil, writeLines},
		{"az", shape.Rows, nil, writeAz},
		{"logs blade CSV", shape.RowsCSV, nil, writeRowsCSV},
		{"query", shape.Query, nil, writeQuery},
		{"records", shape.Records, shape.Tables(), writeRecords},
		{"PT1H.json", shape.Records, shape.Tables(), writeRecordLines},
		{"graph", shape.Graph, directory, writeGraph},
		{"portal JSON", shape.Graph, entra, writePortal},
		{"portal CSV", shape.EntraCSV, entra, writePortalCSV},
		{"unified audit", shape.Office, []string{"OfficeActivity"}, writeOffice},
		{"Purview CSV", shape.OfficeCSV, []string{"OfficeActivity"}, writePurview},
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

func decode(t testing.TB, text []byte) (o object) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

func writeLines(t testing.TB, rows []object) (out []byte) {
	for _, r := range rows {
		out = append(append(out, encode(t, r)...), '\n')
	}
	return out
}

// asText is a row whose dynamic columns are texts, as the service sends them.
func asText(t testing.TB, r object) object {
	r = maps.Clone(r)
	for name, value := range r {
		switch value.(type) {
		case map[string]any, []any:
			r[name] = string(encode(t, value))
		}
	}
	return r
}

// writeAz is what az monitor log-analytics query prints: texts only.
func writeAz(t testing.TB, rows []object) []byte {
	var all []object
	for _, r := range rows {
		r = asText(t, r)
		for name, value := range r {
			switch v := value.(type) {
			case nil:
				r[name] = "None"
			case bool:
				r[name] = strings.ToUpper(fmt.Sprint(v)[:1]) + fmt.Sprint(v)[1:]
			default:
				r[name] = fmt.Sprint(v)
			}
		}
		r["TableName"] = "PrimaryResult"
		all = append(all, r)
	}
	out, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// columns are the names of all columns of rows, sorted.
func columns(rows []object) []string {
	names := map[string]bool{}
	for _, r := range rows {
		for name := range r {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func writeCSV(t testing.TB, records [][]string) []byte {
	var out bytes.Buffer
	out.WriteString("\uFEFF")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func cellText(t testing.TB, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case map[string]any, []any:
		return string(encode(t, v))
	}
	return fmt.Sprint(value)
}

func writeRowsCSV(t testing.TB, rows []object) []byte {
	names := columns(rows)
	header := slices.Clone(names)
	for i, name := range names {
		if strings.HasSuffix(name, "DateTime") || name == "TimeGenerated" {
			header[i] += " [UTC]"
		}
	}
	records := [][]string{header}
	for _, r := range rows {
		var record []string
		for _, name := range names {
			record = append(record, cellText(t, r[name]))
		}
		records = append(records, record)
	}
	return writeCSV(t, records)
}

func writeQuery(t testing.TB, rows []object) []byte {
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	var table struct {
		Name    string   `json:"name"`
		Columns []column `json:"columns"`
		Rows    [][]any  `json:"rows"`
	}
	table.Name = "PrimaryResult"
	names := columns(rows)
	for _, name := range names {
		typ := enrich.String
		for _, r := range rows {
			if _, has := r[name]; has {
				typ = schema.TypeOf(fmt.Sprint(r["Type"]), name)
			}
		}
		table.Columns = append(table.Columns, column{name, string(typ)})
	}
	for _, r := range rows {
		r = asText(t, r)
		var cells []any
		for _, name := range names {
			cells = append(cells, r[name])
		}
		table.Rows = append(table.Rows, cells)
	}
	return encode(t, object{"tables": []any{table}, "statistics": object{"query": object{"rows": []any{1}}}})
}

// record is a row's diagnostic record.
func record(t testing.TB, r object) object {
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse(encode(t, r))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.NewEvent(table, row)
	members, ok := new(shape.Writer).AppendMembers([]byte("{"), &e)
	if !ok {
		t.Fatalf("%s has no records", table)
	}
	o := decode(t, append(members, '}'))
	if claims, ok := at(t, o, "identity.claims").(object); ok && strings.Contains(fmt.Sprint(r["Caller"]), "@") {
		claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] = r["Caller"] // tokens of people have it
	}
	return o
}

func records(t testing.TB, rows []object) []object {
	all := []object{}
	for _, r := range rows {
		all = append(all, record(t, r))
	}
	return all
}

func writeRecords(t testing.TB, rows []object) []byte {
	half := len(rows) / 2 // two messages of an event hub behind each other
	return append(encode(t, object{"records": records(t, rows[:half])}), encode(t, object{"records": records(t, rows[half:])})...)
}

func writeRecordLines(t testing.TB, rows []object) []byte { return writeLines(t, records(t, rows)) }

// graphObject is what Microsoft Graph has of a row.
func graphObject(t testing.TB, r object) object {
	if r["Type"] == "GraphApplications" {
		o := maps.Clone(r)
		delete(o, "Type")
		delete(o, "TimeGenerated")
		return o
	}
	o := record(t, r)["properties"].(object)
	kind, isSignIn := signIns[fmt.Sprint(r["Type"])]
	if !isSignIn {
		return o
	}
	o["signInEventTypes"] = []any{kind}
	if status, has := o["status"].(object); !has || status["errorCode"] == nil {
		o["status"] = object{"errorCode": json.Number(fmt.Sprint(r["ResultType"])), "failureReason": r["ResultDescription"]}
	}
	return o
}

func graphObjects(t testing.TB, rows []object) (all []object) {
	for _, r := range rows {
		all = append(all, graphObject(t, r))
	}
	return all
}

func writeGraph(t testing.TB, rows []object) []byte {
	return encode(t, object{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#auditLogs", "value": graphObjects(t, rows)})
}

func writePortal(t testing.TB, rows []object) []byte {
	out, err := json.MarshalIndent(graphObjects(t, rows), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// officeNames are columns of OfficeActivity whose members have other names.
var officeNames = map[string]string{
	"TimeGenerated": "CreationTime", "OfficeId": "Id", "OfficeWorkload": "Workload", "OfficeObjectId": "ObjectId", "Site_Url": "SiteUrl", "Site_": "Site",
	"Client_IPAddress": "ClientIPAddress", "Logon_Type": "LogonType", "Event_Data": "EventData", "Start_Time": "StartTime", "Source_Name": "SourceName",
}

// officeNumbers are members that are numbers, where the column has words.
var officeNumbers = map[string]json.Number{
	"Regular": "0", "Owner": "0", "SharePointFileOperation": "6", "ExchangeItemAggregated": "50", "MicrosoftTeams": "25",
}

func officeRecord(r object) object {
	o := object{}
	for name, value := range r {
		switch name {
		case "Type", "SourceSystem":
			continue
		case "UserType", "Logon_Type", "RecordType":
			if n, ok := officeNumbers[fmt.Sprint(value)]; ok {
				value = n
			}
		}
		if other := officeNames[name]; other != "" {
			name = other
		}
		o[name] = value
	}
	return o
}

func writeOffice(t testing.TB, rows []object) []byte {
	var all []object
	for _, r := range rows {
		all = append(all, officeRecord(r))
	}
	return encode(t, all)
}

func writePurview(t testing.TB, rows []object) []byte {
	table := [][]string{{"RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData", "AssociatedAdminUnits"}}
	for _, r := range rows {
		table = append(table, []string{fmt.Sprint(r["OfficeId"]), fmt.Sprint(r["TimeGenerated"]), "6", fmt.Sprint(r["Operation"]), fmt.Sprint(r["UserId"]), string(encode(t, officeRecord(r))), ""})
	}
	return writeCSV(t, table)
}
