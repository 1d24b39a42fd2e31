package dns

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

func event(t *testing.T, line string) enrich.Event {
	t.Helper()
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.NewEvent(table, row)
}

// update is an AuditLogs row in which an application's redirect URIs change.
func update(t *testing.T, id string, before, after []string) enrich.Event {
	t.Helper()
	list := func(uris []string) string {
		all := []map[string]any{}
		for _, u := range uris {
			all = append(all, map[string]any{"AddressType": 0, "Address": u})
		}
		return quote(t, all)
	}
	targets := quote(t, []any{map[string]any{"id": "a", "type": "Application", "modifiedProperties": []any{
		map[string]any{"displayName": "AppAddress", "oldValue": list(before), "newValue": list(after)},
	}}})
	return event(t, `{"Type":"AuditLogs","_ItemId":"`+id+`","TimeGenerated":"2026-03-03T10:00:00Z","OperationName":"Update application",`+
		`"Result":"success","TargetResources":`+quote(t, json.RawMessage(targets))+`}`)
}

// quote is value as JSON; JSON becomes a text that holds it.
func quote(t *testing.T, value any) string {
	t.Helper()
	if raw, ok := value.(json.RawMessage); ok {
		value = string(raw)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHosts(t *testing.T) {
	for name, c := range map[string]struct {
		event enrich.Event
		want  string
	}{
		"added before old, each once": {
			update(t, "1", []string{"https://old.example.com/cb"}, []string{"https://old.example.com/cb", "https://New.example.com:8443/", "http://new.example.com./x"}),
			"new.example.com old.example.com",
		},
		"no web addresses": {update(t, "1", nil, []string{"urn:ietf:wg:oauth:2.0:oob", "msauth.com.example.app://auth", "https://", "%zz", "ms-appx-web://x"}), ""},
		"removed":          {update(t, "1", []string{"https://old.example.com/cb"}, nil), ""},
		"real JSON, plain texts, other spellings": {
			event(t, `{"Type":"AuditLogs","TargetResources":[null,7,{"modifiedProperties":"x"},{"type":3,"modifiedProperties":[null,{"displayName":null},{"displayName":"AppAddress","oldValue":null,"newValue":["https://a.example.com/",{"Address":"https://b.example.com"},{"Address":7},null]}]}]}`),
			"a.example.com b.example.com",
		},
		"another property": {event(t, `{"Type":"AuditLogs","TargetResources":[{"modifiedProperties":[{"displayName":"LogoUrl","newValue":"[\"https://a.example.com\"]"},{"displayName":"Note","newValue":"AppAddress, LogoutUrl"}]}]}`), ""},
		"logout URLs as texts and in a list": {
			event(t, `{"Type":"AuditLogs","TargetResources":[{"modifiedProperties":[{"displayName":"LogoutUrl","oldValue":"\"https://old.example.com\"","newValue":"\"https://a.example.com/out\""},{"displayName":"FrontChannelLogoutUri","newValue":"https://b.example.com"},{"displayName":"Web.LogoutUrl","newValue":"[\"https://c.example.com\"]"}]}]}`),
			"a.example.com b.example.com c.example.com",
		},
		"no row": {enrich.Event{Table: "AuditLogs"}, ""},
		"broken": {event(t, `{"Type":"AuditLogs","TargetResources":"[{\"AppAddress"}`), ""},
		"a Graph object": {
			event(t, `{"Type":"GraphApplications","web":{"redirectUris":["https://w.example.com/cb"]},"spa":"{\"redirectUris\":[\"https://s.example.com\"]}","publicClient":null,"replyUrls":["https://r.example.com"]}`),
			"r.example.com w.example.com s.example.com",
		},
		"logout URLs of Graph objects": {
			event(t, `{"Type":"GraphApplications","web":{"redirectUris":["https://w.example.com/cb"],"logoutUrl":"https://out.example.com/"},"logoutUrl":"https://saml.example.com"}`),
			"w.example.com out.example.com saml.example.com",
		},
		"another table": {event(t, `{"Type":"SigninLogs","TargetResources":[{"modifiedProperties":[{"displayName":"AppAddress","newValue":"[\"https://a.example.com\"]"}]}]}`), ""},
	} {
		if got := strings.Join(hosts(&c.event), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzHosts checks that no row makes the search fail, or gives a host twice.
func FuzzHosts(f *testing.F) {
	f.Add(`[{"modifiedProperties":[{"displayName":"AppAddress","newValue":"[{\"Address\":\"https://a.example.com\"}]"}]}]`)
	f.Add(`"[{\"modifiedProperties\":[{\"displayName\":\"AppAddress\"}]}]"`)
	f.Fuzz(func(t *testing.T, targets string) {
		table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type":"AuditLogs","TargetResources":` + targets + `}`))
		if err != nil {
			return
		}
		e := enrich.NewEvent(table, row)
		all := hosts(&e)
		sorted := slices.Sorted(slices.Values(all))
		if len(slices.Compact(sorted)) != len(all) {
			t.Errorf("%q", all)
		}
	})
}
