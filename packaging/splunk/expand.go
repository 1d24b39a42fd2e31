package splunk

import (
	"regexp"
	"slices"
	"strings"
)

var placed = regexp.MustCompile(`%(\*?)([^%]+)%`)

// expand makes an expression of eval: %PATH% becomes what reads it out of the event, as read says. Texts are read out of _raw rather
// than taken from the fields that KV_MODE=json makes, since that stops after 5,000 bytes or 100 fields.
func expand(expression string, read func(path string) string) string {
	return placed.ReplaceAllStringFunc(expression, func(text string) string {
		parts := placed.FindStringSubmatch(text)
		if parts[1] != "" {
			return "json_array_to_mv(" + read(parts[2]) + ")"
		}
		return "nullif(nullif(" + read(parts[2]) + `,""),"null")`
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

// inRow reads a path of an event whose columns are those of the table.
func inRow(path string) string { return `json_extract(_raw,"` + path + `")` }

// inRecord reads a path of a record of diagnostic settings. Who called Azure stands there in claims, whose names have dots in them.
func inRecord(path string) string {
	if path == "Caller" {
		const claims = "'identity.claims.http://schemas."
		return "coalesce(" + claims + "xmlsoap.org/ws/2005/05/identity/claims/upn'," + claims + "xmlsoap.org/ws/2005/05/identity/claims/name'," +
			claims + "microsoft.com/identity/claims/objectidentifier')"
	}
	return inRow(recordPath(path))
}

// recordPath is where a column stands in a record: those that all records have beside properties, the others inside, with a small
// first letter.
// https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema
// https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
func recordPath(path string) string {
	column, rest, deep := strings.Cut(path, ".")
	if column == "risk" || column == "event_id" {
		return path
	}
	name, list, isList := strings.Cut(column, "{")
	where, known := map[string]string{
		"AADTenantId": "tenantId", "CorrelationId": "correlationId", "Identity": "identity", "OperationName": "operationName",
		"ResultDescription": "resultDescription", "ResultSignature": "resultSignature", "ResultType": "resultType",
		"CallerIpAddress": "callerIpAddress", "_ResourceId": "resourceId",
		"OperationNameValue": "operationName", "ActivityStatusValue": "resultType", "ActivitySubstatusValue": "resultSignature",
		"Claims_d": "identity.claims", "AADOperationType": "properties.operationType", "IPAddress": "properties.ipAddress",
		"ResourceIdentity": "properties.resourceId", "ProcessingTimeInMs": "properties.processingTimeInMilliseconds",
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
