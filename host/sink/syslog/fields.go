package syslog

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
)

// field is one thing that CEF and LEEF say about an event, under the key that each of them has for it. Keys are
// written here and never come from data.
type field struct {
	cef, leef string // the keys; "" leaves the field out
	label     string // what a custom key of CEF holds: it goes into the companion key with "Label" behind
	limit     int    // bytes that the formats have room for; 0 for any number
	value     func(*enrich.Event) string
}

// The room that the dictionary of ArcSight has for a value (ArcSight CEF implementation standard, "CEF key names").
const (
	wordRoom   = 63
	textRoom   = 1023
	customRoom = 4000
)

// fields are what is taken out of an event, for receivers that know no JSON; the whole event follows behind them. Where
// several columns are named, the first that isn't empty counts.
//
// Keys of LEEF: https://www.ibm.com/docs/en/dsm?topic=overview-predefined-leef-event-attributes
func fields(operation func(*enrich.Event) string) []field {
	return []field{
		{cef: "rt", value: milliseconds},
		{leef: "devTime", value: monthAndDay},
		{cef: "cat", leef: "cat", limit: textRoom, value: func(e *enrich.Event) string { return e.Table }},
		{cef: "externalId", leef: "externalId", value: func(e *enrich.Event) string { return e.ID }},
		{cef: "act", leef: "operation", limit: wordRoom, value: operation},
		{cef: "outcome", leef: "outcome", limit: wordRoom, value: outcome()},
		{cef: "reason", leef: "reason", limit: textRoom, value: column("ResultReason", "ResultDescription")},
		{cef: "src", value: address(netip.Addr.Is4)},
		{cef: "c6a2", label: "Source IPv6 Address", value: address(netip.Addr.Is6)},
		{leef: "src", value: address(netip.Addr.IsValid)},
		{cef: "suser", leef: "usrName", limit: textRoom, value: column(
			"UserPrincipalName", "InitiatedBy.user.userPrincipalName", "Caller", "identity_claim_upn_s", "identity_claim_unique_name_s",
			"identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s", "Identity.claim.upn",
			"ServicePrincipalName", "InitiatedBy.app.displayName", "UserId")},
		{cef: "suid", leef: "userId", limit: textRoom, value: column(
			"InitiatedBy.user.id", "InitiatedBy.app.servicePrincipalId", "UserId", "ServicePrincipalId", "identity_claim_oid_g",
			"identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g", "Identity.claim.oid")},
		{cef: "duser", leef: "duser", limit: textRoom, value: target(isUser, targetName)},
		{cef: "duid", leef: "duid", limit: textRoom, value: target(isUser, targetID)},
		{cef: "fname", leef: "fname", limit: textRoom, value: first(target(isThing, targetName), column("ResourceDisplayName",
			"TargetIdentity.displayName", "Resource", "OfficeObjectId"))},
		{cef: "fileId", leef: "fileId", limit: textRoom, value: first(target(isThing, targetID), column("ResourceIdentity",
			"TargetIdentity.id", "ResourceId", "_ResourceId"))},
		{cef: "fileType", leef: "fileType", limit: textRoom, value: first(target(isThing, targetType), column(
			"TargetIdentity.identityType", "ResourceType", "ResourceProviderValue", "ResourceProvider"))},
		{cef: "destinationServiceName", leef: "destinationServiceName", limit: textRoom, value: column("AppDisplayName")},
		{cef: "requestClientApplication", leef: "userAgent", limit: textRoom, value: column("UserAgent", "clientInfo_s", "ClientInfo")},
		{cef: "request", leef: "url", limit: textRoom, value: column("requestUri_s", "RequestUri")},
		{cef: "msg", leef: "msg", limit: textRoom, value: messages},
		{cef: "cn1", leef: "riskScore", label: "RiskScore", value: score},
		{cef: "cs1", leef: "riskRules", label: "RiskRules", limit: customRoom, value: func(e *enrich.Event) string { return strings.Join(e.Risk.Tags, ",") }},
		{cef: "cs2", leef: "riskLevel", label: "RiskLevel", value: func(e *enrich.Event) string { return e.Risk.Level.String() }},
		{cef: "cs3", leef: "riskObjects", label: "RiskObjects", limit: customRoom, value: objects},
		{cef: "cs4", leef: "mitre", label: "MitreTechniques", limit: customRoom, value: func(e *enrich.Event) string { return strings.Join(e.Risk.Techniques(), ",") }},
		{cef: "cs5", leef: "correlationId", label: "CorrelationId", limit: customRoom, value: column("CorrelationId", "InterSystemsId")},
		{cef: "flexString1", leef: "follows", label: "Follows", value: func(e *enrich.Event) string { return e.Risk.Follows }},
	}
}

// The keys of the whole event as JSON.
const (
	cefEvent  = "cs6"
	leefEvent = "event"
)

// operation returns a function that gives what was done.
func operation() func(*enrich.Event) string {
	return column("OperationName", "Operation", "OperationNameValue")
}

// outcome returns a function that gives how it ended. ResultType says Success for every answer of a key vault, so the signature
// counts before it; that of a sign-in is None.
func outcome() func(*enrich.Event) string {
	result, code := column("Result", "ActivityStatusValue", "ResultStatus", "ResultSignature"), column("ResultType")
	return func(e *enrich.Event) string {
		if text := result(e); text != "" && text != "None" {
			return text
		}
		return code(e)
	}
}

// class is what kind of event this is: the rule that counts most, or the operation, or else the table.
func (c *encoder) class(e *enrich.Event) string {
	if rules := e.Risk.Rules; len(rules) > 0 && rules[0].ID != "" { // the worst stands first
		return rules[0].ID
	}
	return c.title(e)
}

// title is the event's name for people: the operation, or the table where there is none. It is never empty.
func (c *encoder) title(e *enrich.Event) string {
	if name := strings.TrimSpace(c.operation(e)); name != "" {
		return name
	}
	return cmp.Or(e.Table, "event")
}

// level is the severity from 0 to 10 of CEF, which ArcSight calls low up to 3, medium to 6, high to 8 and very high above.
func level(r *enrich.Risk) int {
	switch r.Level {
	case enrich.Critical:
		return 10
	case enrich.High:
		return 8
	case enrich.Medium:
		return 5
	case enrich.Low:
		return 3
	case enrich.Info:
		return 1
	}
	return 0
}

func milliseconds(e *enrich.Event) string {
	if e.Time.IsZero() {
		return ""
	}
	return strconv.FormatInt(e.Time.UnixMilli(), 10)
}

func monthAndDay(e *enrich.Event) string {
	if e.Time.IsZero() {
		return ""
	}
	return e.Time.UTC().Format(goTime)
}

func score(e *enrich.Event) string {
	if !e.Risk.Tagged() {
		return ""
	}
	return strconv.Itoa(e.Risk.Score)
}

func messages(e *enrich.Event) string {
	var all []string
	for _, m := range e.Risk.Rules {
		if m.Message != "" {
			all = append(all, m.Message)
		}
	}
	return strings.Join(all, "; ")
}

func objects(e *enrich.Event) string {
	var all []string
	for _, o := range e.Risk.Objects {
		all = append(all, o.Type+":"+o.Value)
	}
	return strings.Join(all, ",")
}

// address returns a function that gives who called, if that is an IP address that fits. A port behind it, as Office has
// them, is left out.
func address(fits func(netip.Addr) bool) func(*enrich.Event) string {
	caller := column("IPAddress", "InitiatedBy.user.ipAddress", "InitiatedBy.app.ipAddress", "CallerIpAddress", "CallerIPAddress",
		"ClientIP", "ActorIpAddress")
	return func(e *enrich.Event) string {
		text := caller(e)
		ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil {
			at, err := netip.ParseAddrPort(text)
			if err != nil {
				return ""
			}
			ip = at.Addr()
		}
		if ip = ip.Unmap().WithZone(""); !fits(ip) {
			return ""
		}
		return ip.String()
	}
}

// column returns a function that gives the first text in the places, each a column or, behind dots, a member of an
// object in it.
func column(places ...string) func(*enrich.Event) string {
	paths := make([][]string, len(places))
	for i, place := range places {
		paths[i] = strings.Split(place, ".")
	}
	return func(e *enrich.Event) string {
		for _, path := range paths {
			if text := textAt(e.Lookup(path[0]), path[1:]); text != "" {
				return text
			}
		}
		return ""
	}
}

// textAt is the text or number at path in a cell, "" when there is none.
func textAt(cell []byte, path []string) string {
	for _, name := range path {
		var members map[string]json.RawMessage
		if len(cell) == 0 || json.Unmarshal(enrich.Expand(cell), &members) != nil {
			return ""
		}
		cell = members[name]
	}
	if len(cell) == 0 {
		return ""
	}
	switch c := cell[0]; {
	case c == '"':
		text, err := enrich.Unquote(cell)
		if err != nil {
			return ""
		}
		return string(text)
	case c == '-' || c >= '0' && c <= '9':
		return string(cell)
	}
	return ""
}

// leastRoom is the room for a value in the shortest messages.
const leastRoom = 32

// fit shortens text to the format's limit, and to the room that there is. A limit of 0 is for what is never long.
func (c *encoder) fit(text string, limit int) string {
	if c.room > 0 && limit > c.room {
		limit = c.room
	}
	return shorten(text, limit)
}

// shortMark ends a value that was cut.
const shortMark = "...[shortened]"

// shorten returns text in at most limit bytes, with a mark at the end if it was cut, which it never is inside a
// character. A limit of 0 is none.
func shorten(text string, limit int) string {
	if limit == 0 || len(text) <= limit {
		return text
	}
	keep := limit - len(shortMark)
	for keep > 0 && !utf8.RuneStart(text[keep]) {
		keep--
	}
	return text[:keep] + shortMark
}
