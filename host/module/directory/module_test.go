package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/host/graph/graphtest"
	"github.com/riskrelay/riskrelay/plugin/plugintest"
)

// tenant fills a server with a small directory.
func tenant(t *testing.T) *graphtest.Server {
	t.Helper()
	s := graphtest.New(graphtest.Options{PageSize: 2})
	t.Cleanup(func() { s.Close() })
	for _, o := range [][2]string{
		{"applications", `{"id":"o1","appId":"a1","displayName":"orders","createdDateTime":"2026-01-01T00:00:00Z","owners":[{"@odata.type":"#microsoft.graph.user","id":"u1","userPrincipalName":"owner@contoso.example","mail":"x"}],
			"web":{"redirectUris":["https://orders.example"],"logoutUrl":"https://x.example"},"spa":{"redirectUris":[]},"notes":"not for rules",
			"passwordCredentials":[{"keyId":"k1","hint":"abc","startDateTime":"2026-01-01T00:00:00Z","endDateTime":"2027-01-01T00:00:00Z"}],
			"keyCredentials":[{"keyId":"k2","key":"AAAA","type":"AsymmetricX509Cert","usage":"Verify","endDateTime":"2027-01-01T00:00:00Z"}]}`},
		{"applications", `{"id":"o2","appId":"a2","displayName":"bare"}`},
		{"applications", `{"id":"o3","appId":"a3","displayName":"third","owners":[]}`},
		{"servicePrincipals", `{"id":"s1","appId":"a1","displayName":"orders","appOwnerOrganizationId":"t1","servicePrincipalType":"Application","preferredSingleSignOnMode":"saml","replyUrls":["https://orders.example"]}`},
		{"servicePrincipals", `{"id":"s9","appId":"a9","displayName":"foreign","appOwnerOrganizationId":"t9","replyUrls":["https://foreign.example"],"preferredSingleSignOnMode":null}`},
		{"domains", `{"id":"Contoso.Example","isVerified":true}`},
		{"domains", `{"id":"claimed.example","isVerified":false}`},
		{"directoryRoles", `{"id":"r1","roleTemplateId":"62e90394-69f5-4237-9190-012177145e10"}`},
		{"directoryRoles", `{"id":"r2","roleTemplateId":"88d8e3e3-8f55-4a1e-953a-9b9898b8876b"}`}, // Directory Readers
		{"directoryRoles/r1/members", `{"@odata.type":"#microsoft.graph.user","id":"u1","userPrincipalName":"Admin@contoso.example"}`},
		{"directoryRoles/r1/members", `{"@odata.type":"#microsoft.graph.servicePrincipal","id":"s1"}`},
		{"directoryRoles/r1/members", `{"@odata.type":"#microsoft.graph.group","id":"g1"}`},
		{"directoryRoles/r2/members", `{"@odata.type":"#microsoft.graph.user","id":"u2","userPrincipalName":"reader@contoso.example"}`},
		{"groups/g1/transitiveMembers", `{"@odata.type":"#microsoft.graph.user","id":"u3","userPrincipalName":"grouped@contoso.example"}`},
	} {
		s.Put(o[0], o[1])
	}
	return s
}

// configFor is how the module reads server. Rounds follow when the test asks for them.
func configFor(t *testing.T, server *graphtest.Server) Config {
	t.Helper()
	dir, o, c := t.TempDir(), server.Options(), Defaults()
	secret, ca := filepath.Join(dir, "secret"), filepath.Join(dir, "ca.pem")
	for path, text := range map[string]string{secret: o.Secret, ca: string(server.CAPEM())} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Enabled, c.Endpoint, c.CAFile = true, server.URL(), ca
	c.Credential = azure.Credential{
		Kind: "secret", TenantID: o.Tenant, ClientID: o.ClientID, SecretFile: secret, Authority: server.URL(),
	}
	return c
}

func settings(t *testing.T, c Config) enrich.Config {
	t.Helper()
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return enrich.Config{Settings: text}
}

// idle returns a reading whose rounds the test makes, and what it logs.
func idle(t *testing.T, c Config) (*reading, *test.Hook) {
	t.Helper()
	log, hook := test.NewNullLogger()
	client, err := graph.New(c.Config, log)
	if err != nil {
		t.Fatal(err)
	}
	m := New(log, nil)
	r := m.prepare(c, client, client.Close)
	t.Cleanup(func() { client.Close() })
	return r, hook
}

// known is what the module tells, decoded.
func known(t *testing.T, m *Module) (d struct {
	VerifiedDomains []string            `json:"verified_domains"`
	Lists           map[string][]string `json:"lists"`
	Applications    []map[string]any    `json:"applications"`
	Awaited         []string            `json:"awaited"`
},
) {
	t.Helper()
	text, err := m.Context(t.Context())
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatItKnows(t *testing.T) {
	r, _ := idle(t, configFor(t, tenant(t)))
	r.tell()
	if d := known(t, r.Module); !slices.Equal(d.Awaited, []string{"applications", "verified_domains", "lists.privileged_users"}) || d.Applications != nil {
		t.Errorf("before the first round: %+v", d)
	}
	if wait := r.round(t.Context()); wait != time.Hour {
		t.Errorf("the next round is in %v", wait)
	}
	d := known(t, r.Module)
	if !slices.Equal(d.VerifiedDomains, []string{"contoso.example"}) || d.Awaited != nil {
		t.Errorf("domains %v, awaited %v", d.VerifiedDomains, d.Awaited)
	}
	if got := d.Lists["privileged_users"]; !slices.Equal(got, []string{"admin@contoso.example", "grouped@contoso.example"}) {
		t.Errorf("privileged users %v", got)
	}
	want := map[string]any{
		"id": "o1", "appId": "a1", "displayName": "orders", "createdDateTime": "2026-01-01T00:00:00Z", "servicePrincipalId": "s1", "servicePrincipalType": "Application",
		"preferredSingleSignOnMode": "saml", "web": map[string]any{"redirectUris": []any{"https://orders.example"}},
		"owners":              []any{map[string]any{"id": "u1", "userPrincipalName": "owner@contoso.example"}},
		"passwordCredentials": []any{map[string]any{"keyId": "k1", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}},
		"keyCredentials":      []any{map[string]any{"keyId": "k2", "type": "AsymmetricX509Cert", "usage": "Verify", "endDateTime": "2027-01-01T00:00:00Z"}},
	}
	if len(d.Applications) != 4 || !reflect.DeepEqual(d.Applications[0], want) {
		t.Errorf("%d applications, the first is\n%v, want\n%v", len(d.Applications), d.Applications[0], want)
	}
	if last := d.Applications[3]; last["id"] != "s9" || last["appOwnerOrganizationId"] != "t9" {
		t.Errorf("the foreign service principal is %v", last)
	}
	for _, p := range r.State().Parts {
		if p.Failed != "" || p.Read.IsZero() || p.Objects == 0 {
			t.Errorf("part %+v", p)
		}
	}
}

func TestOnlyChangesAreReadAgain(t *testing.T) {
	server := tenant(t)
	r, _ := idle(t, configFor(t, server))
	r.round(t.Context())
	if !taken(r.Module) {
		t.Error("the first round isn't told")
	}
	r.round(t.Context())
	if taken(r.Module) {
		t.Error("a round without a change is told")
	}
	server.Put("applications", `{"id":"o2","displayName":"renamed"}`) // without what didn't change
	server.Put("applications", `{"id":"o1","appId":"a1","keyCredentials":[],"spa":{"redirectUris":["https://spa.example"]}}`)
	server.Remove("applications", "o3")
	server.Remove("servicePrincipals", "s9")
	before := len(server.Requests())
	r.round(t.Context())
	if !taken(r.Module) {
		t.Error("a change isn't told")
	}
	d := known(t, r.Module)
	if len(d.Applications) != 2 || d.Applications[1]["displayName"] != "renamed" || d.Applications[1]["appId"] != "a2" {
		t.Errorf("applications are %v", d.Applications)
	}
	if o1 := d.Applications[0]; o1["keyCredentials"] != nil || o1["spa"] == nil || o1["displayName"] != "orders" {
		t.Errorf("the changed one is %v", o1)
	}
	for _, request := range server.Requests()[before:] {
		if strings.Contains(request, "/delta") && !strings.Contains(request, "deltatoken") {
			t.Errorf("all is read again: %s", request)
		}
	}
	server.Forget() // 410: everything is read again
	server.Put("applications", `{"id":"o4","appId":"a4"}`)
	r.round(t.Context())
	if d := known(t, r.Module); len(d.Applications) != 3 {
		t.Errorf("after a new beginning: %v", d.Applications)
	}
}

func taken(m *Module) bool {
	select {
	case <-m.Changed():
		return true
	default:
		return false
	}
}

func TestLastGoodIsKept(t *testing.T) {
	server := tenant(t)
	r, hook := idle(t, configFor(t, server))
	server.Refuse("/v1.0/domains")
	if wait := r.round(t.Context()); wait != retry().Min {
		t.Errorf("after a failure the next round is in %v", wait)
	}
	d := known(t, r.Module)
	if !slices.Equal(d.Awaited, []string{"verified_domains"}) || len(d.Applications) != 4 {
		t.Errorf("with one part refused: awaited %v, %d applications", d.Awaited, len(d.Applications))
	}
	if text := logged(hook); !strings.Contains(text, "Grant the identity the application permission Domain.Read.All") {
		t.Errorf("the log says %s", text)
	}
	server.Mend()
	r.round(t.Context())
	whole := known(t, r.Module)

	for _, path := range []string{"applications/delta", "servicePrincipals/delta", "owners", "/v1.0/domains", "r1/members", "transitiveMembers", "directoryRoles?"} {
		server.Refuse(path)
		hook.Reset()
		first := r.round(t.Context())
		second := r.round(t.Context())
		if first != retry().Min || second != 2*retry().Min {
			t.Errorf("%s: the next rounds are in %v and %v", path, first, second)
		}
		if got := known(t, r.Module); !reflect.DeepEqual(got, whole) {
			t.Errorf("%s: what was good is lost: %+v", path, got)
		}
		if n := len(hook.AllEntries()); n != 1 {
			t.Errorf("%s: %d lines in the log for one cause: %s", path, n, logged(hook))
		}
		server.Mend()
		r.round(t.Context())
	}
}

func logged(hook *test.Hook) string {
	var lines []string
	for _, e := range hook.AllEntries() {
		lines = append(lines, fmt.Sprint(e.Message, e.Data))
	}
	return strings.Join(lines, "\n")
}

func TestTooManyObjects(t *testing.T) {
	server := tenant(t)
	c := configFor(t, server)
	c.MaxObjects = 4 // there are five applications and service principals
	r, hook := idle(t, c)
	for range 2 {
		if wait := r.round(t.Context()); wait != time.Hour {
			t.Errorf("the next round is in %v", wait)
		}
	}
	d := known(t, r.Module)
	if d.Applications != nil || slices.Contains(d.Awaited, "applications") || len(d.Lists["privileged_users"]) != 2 || len(d.VerifiedDomains) != 1 {
		t.Errorf("with too many: %+v", d)
	}
	if n := len(hook.AllEntries()); n != 1 || !strings.Contains(logged(hook), "max_objects") {
		t.Errorf("the log says %s", logged(hook))
	}
	server.Remove("applications", "o3")
	r.round(t.Context())
	if d := known(t, r.Module); len(d.Applications) != 3 {
		t.Errorf("when there are fewer: %v", d.Applications)
	}
}

func TestStrangeObjects(t *testing.T) {
	server := tenant(t)
	server.Put("directoryRoles/r1/members", `{"@odata.type":"#microsoft.graph.group","id":"../../evil?"}`)
	server.Put("servicePrincipals", `{"id":"s7"}`)
	server.Put("servicePrincipals", `{"id":"s8"}`)
	r, _ := idle(t, configFor(t, server))
	r.round(t.Context())
	if d := known(t, r.Module); len(d.Applications) != 6 || d.Awaited != nil {
		t.Errorf("%d applications, awaited %v", len(d.Applications), d.Awaited)
	}
	for _, request := range server.Requests() {
		if strings.Contains(request, "evil") {
			t.Errorf("an id leads to %s", request)
		}
	}
	server.Put("applications", `{"id":"o5","web":7}`)
	r.round(t.Context())
	if p := r.State().Parts[0]; !strings.Contains(p.Failed, "o5") {
		t.Errorf("part %+v", p)
	}
}

func TestInTheBackground(t *testing.T) {
	server := tenant(t)
	hold := make(chan struct{})
	server.Fail(graphtest.Fault{Path: "applications/delta", Times: 1, Hold: hold, Body: `{"value":[`}) // slow, then broken off
	log := logrus.New()
	log.SetOutput(io.Discard)
	m := New(log, nil)
	defer m.Close()
	select {
	case <-m.Read():
	default:
		t.Error("a module that reads nothing has something to wait for")
	}
	c := configFor(t, server)
	if err := m.Configure(t.Context(), settings(t, c)); err != nil {
		t.Fatal(err)
	}
	if d := known(t, m); len(d.Awaited) != 3 { // the service hasn't answered yet
		t.Errorf("at once: %+v", d)
	}
	read := m.Read()
	close(hold)
	<-read
	whole := known(t, m)
	if len(whole.Applications) != 4 {
		t.Errorf("in the end: %+v", whole)
	}
	if err := m.Configure(t.Context(), settings(t, c)); err != nil || m.Read() != read {
		t.Errorf("the same configuration begins anew: %v", err)
	}
	server.Refuse("/v1.0/")
	c.Every = 2 * time.Hour
	if err := m.Configure(t.Context(), settings(t, c)); err != nil {
		t.Fatal(err)
	}
	<-m.Read()
	if got := known(t, m); !reflect.DeepEqual(got, whole) {
		t.Errorf("another configuration that can't read: %+v", got)
	}
	c.Enabled = false
	if err := m.Configure(t.Context(), settings(t, c)); err != nil {
		t.Fatal(err)
	}
	if text, err := m.Context(t.Context()); text != nil || err != nil {
		t.Errorf("switched off it knows %s, %v", text, err)
	}
}

func TestModule(t *testing.T) {
	server := tenant(t)
	good := settings(t, configFor(t, server))
	log := logrus.New()
	log.SetOutput(io.Discard)
	plugintest.TestModule(t, func(t *testing.T) enrich.Module {
		m := New(log, nil)
		t.Cleanup(func() { m.Close() })
		return m
	}, plugintest.Options{
		Config: good,
		Bad: []enrich.Config{
			{Settings: []byte("enabeld: true")},
			{Settings: []byte("{enabled: true, every: 0s}")},
			{Settings: []byte("{enabled: true, wait: -1s}")},
			{Settings: []byte("{enabled: true, max_objects: -1}")},
			{Settings: []byte("{enabled: true, cloud: mars}")},
			{Settings: []byte("{enabled: true, ca_file: /does/not/exist}")},
		},
		Events: []enrich.Event{enrich.NewEvent("AuditLogs", enrich.Row{})},
		Silent: true,
	})
}

func TestClosedWhileItReads(t *testing.T) {
	server := tenant(t)
	hold := make(chan struct{})
	defer close(hold)
	server.Fail(graphtest.Fault{Path: "applications", Hold: hold})
	r, _ := idle(t, configFor(t, server))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.round(ctx)
	if p := r.parts[0]; p.Failed != "" {
		t.Errorf("the end counts as a failure: %+v", p)
	}
}

// FuzzMerge looks for objects that break the reader, and for members that get past the trimming.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"id":"a","web":{"redirectUris":["u"]}}`), []byte(`{"id":"a","web":null,"passwordCredentials":[{"hint":"abc"}]}`))
	f.Add([]byte(`{}`), []byte(`{"id":"a","spa":{"redirectUris":null},"notes":"x"}`))
	names := newSnapshot().apps.query.Select
	f.Fuzz(func(t *testing.T, known, change []byte) {
		first, err := merge(nil, known, names)
		if err != nil {
			return
		}
		second, err := merge(first, change, names)
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(second, &members); err != nil {
			t.Fatalf("%s: %v", second, err)
		}
		for name := range members {
			if !slices.Contains(names, name) {
				t.Errorf("%s got through", name)
			}
		}
		if strings.Contains(string(members["passwordCredentials"]), `"hint"`) && !strings.Contains(string(change)+string(known), "hint\\") {
			var list []map[string]any
			if err := json.Unmarshal(members["passwordCredentials"], &list); err != nil || list[0]["hint"] != nil {
				t.Errorf("the hint of a secret got through: %s", second)
			}
		}
	})
}
