package splunk

import (
	"regexp"
	"slices"
	"strings"
)

var placed = regexp.MustCompile(`%(\*?)([^%]+)%`)

// expand makes an expression of eval: %PATH% becomes what reads it out of the event, where place says that it stands. The text is
// read out of _raw rather than taken from the field that KV_MODE=json makes, since that stops after 5,000 bytes or 100 fields.
func expand(expression string, place func(string) string) string {
	return placed.ReplaceAllStringFunc(expression, func(text string) string {
		parts := placed.FindStringSubmatch(text)
		read := `json_extract(_raw,"` + place(parts[2]) + `")`
		if parts[1] != "" {
			return "json_array_to_mv(" + read + ")"
		}
		return `nullif(nullif(` + read + `,""),"null")`
	})
}

// paths are the paths that an expression reads, each once.
func paths(expression string) (all []string) {
	for _, parts := range placed.FindAllStringSubmatch(expression, -1) {
		if !slices.Contains(all, parts[2]) {
			all = append(all, parts[2])
		}
	}
	return all
}

// inRow is where a path stands in an event whose columns are those of the table.
func inRow(path string) string { return path }

// inStream is where a column stands in a record of diagnostic settings: those that all records have beside properties, the others
// inside, with a small first letter.
// https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema
func inStream(path string) string {
	column, rest, deep := strings.Cut(path, ".")
	if column == "risk" || column == "event_id" {
		return path
	}
	name, list, isList := strings.Cut(column, "{")
	where, known := map[string]string{
		"AADTenantId": "tenantId", "CorrelationId": "correlationId", "Identity": "identity", "Level": "Level",
		"OperationName": "operationName", "ResultDescription": "resultDescription", "ResultSignature": "resultSignature",
		"ResultType": "resultType", "CallerIpAddress": "callerIpAddress", "TenantId": "tenantId",
		"AADOperationType": "properties.operationType", "IPAddress": "properties.ipAddress",
	}[name]
	if !known {
		where = "properties." + strings.ToLower(name[:1]) + name[1:]
	}
	if isList {
		where += "{" + list
	}
	if deep {
		where += "." + rest
	}
	return where
}
