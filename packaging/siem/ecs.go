package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// filled is a field of the Elastic Common Schema, and the fields of an event that fill it: the first that isn't empty counts.
type filled struct {
	name, kind string
	from       []string
}

// fromEvent are the fields that are copied. Targets are left out: they lie in arrays in no certain order.
// https://www.elastic.co/docs/reference/ecs/ecs-field-reference
func fromEvent() []filled {
	return []filled{
		{"event.id", "keyword", []string{"event_id"}},
		{"event.provider", "keyword", []string{"Type"}},
		{"event.action", "keyword", []string{"OperationName", "Operation", "OperationNameValue", "ActionType"}},
		{"event.reason", "keyword", []string{"ResultReason", "ResultDescription"}},
		{"event.risk_score", "float", []string{"risk.score"}},
		{"message", "match_only_text", []string{"risk.rules.0.message"}},
		{"rule.id", "keyword", []string{"risk.rules.0.id"}},
		{"rule.ruleset", "keyword", []string{"risk.rules.0.pack"}},
		{"rule.version", "keyword", []string{"risk.rules.0.revision"}},
		{"threat.technique.id", "keyword", []string{"risk.rules.0.mitre"}},
		{"tags", "keyword", []string{"risk.tags"}},
		{"user.name", "keyword", []string{
			"UserPrincipalName", "InitiatedBy.user.userPrincipalName", "Caller", "identity_claim_upn_s", "identity_claim_unique_name_s",
			"identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s", "Identity.claim.upn", "ServicePrincipalName",
			"InitiatedBy.app.displayName", "UserId",
		}},
		{"user.id", "keyword", []string{
			"InitiatedBy.user.id", "InitiatedBy.app.servicePrincipalId", "UserId", "ServicePrincipalId", "identity_claim_oid_g",
			"identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g", "Identity.claim.oid",
		}},
		{"user.full_name", "keyword", []string{"UserDisplayName"}},
		{"source.address", "keyword", []string{"IPAddress", "InitiatedBy.user.ipAddress", "CallerIpAddress", "CallerIPAddress", "ClientIP", "ActorIpAddress"}},
		{"source.ip", "ip", []string{"source.address"}},
		{"source.geo.country_iso_code", "keyword", []string{"LocationDetails.countryOrRegion"}},
		{"source.geo.city_name", "keyword", []string{"LocationDetails.city"}},
		{"user_agent.original", "keyword", []string{"UserAgent", "clientInfo_s", "ClientInfo"}},
		{"url.original", "wildcard", []string{"requestUri_s", "RequestUri"}},
		{"service.name", "keyword", []string{"AppDisplayName"}},
		{"service.id", "keyword", []string{"AppId"}},
		{"organization.id", "keyword", []string{"AADTenantId"}},
	}
}

// set is a field that has a value where all conditions hold and nothing stands in it yet.
type set struct {
	field string
	value any
	when  []condition
}

// condition is that a column holds one of the values, or anything but an empty text where there are none.
type condition struct {
	column string
	in     []string
}

// painless is the condition as Elasticsearch and OpenSearch read it. It fails on no event: a column may hold anything.
func (c condition) painless() string {
	parts := strings.Split(c.column, ".")
	var all []string
	for i := 1; i < len(parts); i++ {
		parent := "ctx." + strings.Join(parts[:i], ".")
		if parts[i] == "0" {
			all = append(all, parent+" instanceof List", parent+".size() > 0")
		} else {
			all = append(all, parent+" instanceof Map")
		}
	}
	path := "ctx." + strings.ReplaceAll(c.column, ".0.", "[0].")
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], ".0 ", "[0] ")
	}
	if c.in == nil {
		return strings.Join(append(all, path+" != null", path+" != ''"), " && ")
	}
	return strings.Join(append(all, fmt.Sprintf("['%s'].contains(%s)", strings.Join(c.in, "','"), path)), " && ")
}

// tables are the names of all tables with a part in their names, without regard to case.
func tables(part string) (names []string) {
	for _, name := range schema.Names() {
		if strings.Contains(strings.ToLower(name), part) {
			names = append(names, name)
		}
	}
	return names
}

// sets are the fields that follow from what stands in others. The numbers of event.severity are those of CEF and LEEF.
// Allowed values: https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference
func sets() []set {
	is := func(column string, in ...string) condition { return condition{column, in} }
	signIns := is("Type", tables("signin")...)
	all := []set{
		{"event.module", "riskrelay", nil},
		{"event.dataset", "riskrelay", nil},
		{"cloud.provider", "azure", nil},
		{"event.kind", "alert", []condition{is("risk.level", "info", "low", "medium", "high", "critical")}},
		{"event.kind", "event", nil},
		{"event.outcome", "success", []condition{is("Result", "success")}},
		{"event.outcome", "failure", []condition{is("Result", "failure", "timeout")}},
		{"event.outcome", "success", []condition{signIns, is("ResultType", "0")}},
		{"event.outcome", "failure", []condition{signIns, {column: "ResultType"}}},
		{"event.outcome", "success", []condition{is("ActivityStatusValue", "Success", "Succeeded")}},
		{"event.outcome", "failure", []condition{is("ActivityStatusValue", "Failure", "Failed")}},
		{"event.outcome", "success", []condition{is("ResultStatus", "Success", "Succeeded", "True")}},
		{"event.outcome", "failure", []condition{is("ResultStatus", "Failed", "Failure", "False")}},
		{"event.outcome", "success", []condition{is("ResultSignature", "OK", "Created", "Accepted", "No Content")}},
		{"event.outcome", "failure", []condition{is("ResultSignature", "Unauthorized", "Forbidden", "Not Found", "Bad Request", "Conflict")}},
	}
	for _, s := range []struct {
		level    string
		severity int
	}{{"critical", 10}, {"high", 8}, {"medium", 5}, {"low", 3}, {"info", 1}} {
		all = append(all, set{"event.severity", s.severity, []condition{is("risk.level", s.level)}})
	}
	for _, c := range []struct{ part, category, kind string }{
		{"signin", "authentication", "start"},
		{"azkvauditlogs", "api", "access"},
		{"auditlogs", "iam", "change"},
		{"azureactivity", "configuration", "change"},
		{"azurediagnostics", "api", "access"},
		{"graphactivity", "api", "access"},
		{"riskyusers", "iam", "info"},
		{"riskevents", "iam", "info"},
	} {
		names := tables(c.part)
		all = append(all, set{"event.category", []string{c.category}, []condition{is("Type", names...)}},
			set{"event.type", []string{c.kind}, []condition{is("Type", names...)}})
	}
	return all
}

// ecsTypes are the types of all fields of the Elastic Common Schema that the pipelines fill.
func ecsTypes() map[string]string {
	all := map[string]string{
		"@timestamp": "date", "error.message": "match_only_text", "event.kind": "keyword", "event.category": "keyword", "event.type": "keyword", "event.outcome": "keyword",
		"event.module": "keyword", "event.dataset": "keyword", "event.severity": "long", "cloud.provider": "keyword",
	}
	for _, f := range fromEvent() {
		all[f.name] = f.kind
	}
	return all
}

// pipeline is the ingest pipeline. It adds fields and leaves all others as they are; an event with which it can't cope goes in
// all the same, with error.message.
func (p product) pipeline() object {
	steps := []object{
		{"set": object{"field": "@timestamp", "value": "{{{_ingest.timestamp}}}", "override": true}},
		{"date": object{"field": "TimeGenerated", "target_field": "@timestamp", "formats": []string{"ISO8601"}, "ignore_failure": true}},
	}
	steps = append(steps, p.prepare...)
	for _, f := range fromEvent() {
		for _, from := range f.from {
			steps = append(steps, p.copy(from, f.name))
		}
	}
	for _, s := range sets() {
		step := object{"field": s.field, "value": s.value, "override": false}
		var all []string
		for _, c := range s.when {
			all = append(all, c.painless())
		}
		if len(all) > 0 {
			step["if"] = strings.Join(all, " && ")
		}
		steps = append(steps, object{"set": step})
	}
	return object{
		"description": "riskrelay: names of the Elastic Common Schema beside the columns of Azure's tables",
		"processors":  steps,
		"on_failure":  []object{{"set": object{"field": "error.message", "value": "{{{_ingest.on_failure_message}}}"}}},
	}
}

// sources are the fields of an event that the pipelines read, sorted.
func sources() []string {
	all := map[string]bool{}
	for _, f := range fromEvent() {
		for _, from := range f.from {
			all[from] = true
		}
	}
	for _, s := range sets() {
		for _, c := range s.when {
			all[c.column] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
