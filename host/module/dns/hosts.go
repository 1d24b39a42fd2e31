package dns

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// maxNames is how many hosts of one event are looked up.
const maxNames = 5

// maxCell is the longest cell that is searched for addresses, the limit for JSON inside JSON.
const maxCell = 256 << 10

// Tables with redirect URIs.
const (
	auditLogs    = "AuditLogs"
	applications = "GraphApplications"
)

// property is the name under which a change of redirect URIs is logged, in the column targets of AuditLogs. Under which name
// a logout URL is logged isn't documented; logout stands in it, as in the names of Microsoft Graph.
const (
	property = "AppAddress"
	logout   = "logout"
	targets  = "TargetResources"
)

// hosts are the hosts of the event's web redirect URIs and logout URLs as they stand there in lower case, each once, the added
// ones first.
func hosts(e *enrich.Event) (all []string) {
	var uris []string
	table, _ := e.Origin(func(name string) bool { return name == auditLogs || name == applications })
	switch table {
	case auditLogs:
		// Few rows have it, and reading JSON in JSON costs.
		if text := e.Lookup(targets); bytes.Contains(text, []byte(property)) || bytes.Contains(text, []byte(logout[1:])) {
			uris = changed(cell(e, targets))
		}
	case applications:
		uris = registered(e)
	}
	for _, u := range uris {
		if host := hostOf(u); host != "" && !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return all
}

// hostOf is the host of a web address, "" for every other text.
func hostOf(uri string) string {
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// cell is a column's JSON, nil when it is too large to be searched.
func cell(e *enrich.Event, column string) []byte {
	columns := e.Columns()
	if columns == nil {
		return nil
	}
	i, ok := columns.Index(column)
	if !ok || len(e.Cell(i)) > 2*maxCell {
		return nil
	}
	return enrich.Expand(e.Cell(i))
}

// changed are the redirect URIs and logout URLs that the targets of an AuditLogs row have after the change, those that were added first.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/auditlogs
func changed(text []byte) []string {
	var list []struct {
		ModifiedProperties []struct {
			DisplayName string
			OldValue    json.RawMessage
			NewValue    json.RawMessage
		}
	}
	decode(text, &list)
	var added, kept []string
	for _, target := range list {
		for _, p := range target.ModifiedProperties {
			if !strings.EqualFold(p.DisplayName, property) && !strings.Contains(strings.ToLower(p.DisplayName), logout) {
				continue
			}
			old := addresses(p.OldValue)
			for _, a := range addresses(p.NewValue) {
				if slices.Contains(old, a) {
					kept = append(kept, a)
				} else {
					added = append(added, a)
				}
			}
		}
	}
	return append(added, kept...)
}

// addresses reads a list of addresses, objects with an Address or plain texts, or a single text, in JSON that may itself be
// a text.
func addresses(value json.RawMessage) (all []string) {
	var items []json.RawMessage
	if value = enrich.Expand(value); bytes.HasPrefix(value, []byte(`"`)) {
		items = append(items, value)
	}
	decode(value, &items)
	for _, item := range items {
		var text string
		var object struct{ Address string }
		if decode(item, &text); text == "" {
			decode(item, &object)
			text = object.Address
		}
		decode([]byte(text), &text) // a single text is quoted twice
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// registered are the redirect URIs of a Graph application or service principal, and its logout URL.
// https://learn.microsoft.com/graph/api/resources/application
func registered(e *enrich.Event) (all []string) {
	decode(cell(e, "replyUrls"), &all)
	for _, platform := range []string{"web", "spa", "publicClient"} {
		var p struct {
			RedirectUris []string `json:"redirectUris"`
			LogoutURL    string   `json:"logoutUrl"`
		}
		decode(cell(e, platform), &p)
		all = append(append(all, p.RedirectUris...), p.LogoutURL)
	}
	return append(all, e.Text("logoutUrl"))
}

// decode reads as much of text as has the shape of into. What hasn't is left out: rows come in many shapes, and a part
// that can't be read has no addresses.
func decode(text []byte, into any) {
	if len(text) > 0 {
		_ = json.Unmarshal(text, into)
	}
}
