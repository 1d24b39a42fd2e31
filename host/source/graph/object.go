package graph

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	msgraph "github.com/riskrelay/riskrelay/host/graph"
)

// Table is the name of the rows' table.
const Table = "GraphApplications"

// queries are the collections that are read, with the properties that rows have.
// https://learn.microsoft.com/graph/api/resources/application
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
func queries() []msgraph.Query {
	const (
		permission = "Application.Read.All"
		top        = 999 // the most that a page holds: https://learn.microsoft.com/graph/api/application-list
	)
	return []msgraph.Query{
		{Path: "applications", Permission: permission, Top: top, Select: []string{
			"id", "appId", "displayName", "createdDateTime", "signInAudience", "identifierUris", "keyCredentials", "passwordCredentials",
			"web", "spa", "publicClient",
		}},
		{Path: "servicePrincipals", Permission: permission, Top: top, Select: []string{
			"id", "appId", "displayName", "servicePrincipalType", "signInAudience", "keyCredentials", "passwordCredentials", "replyUrls",
			"logoutUrl",
		}},
	}
}

// row is an object as it is sent. Of a credential stays what rules can use: neither a public key nor the first letters of a
// secret.
type row struct {
	Type                 string
	TimeGenerated        time.Time
	ID                   string       `json:"id"`
	AppID                string       `json:"appId"`
	DisplayName          string       `json:"displayName"`
	ServicePrincipalType string       `json:"servicePrincipalType,omitempty"`
	SignInAudience       string       `json:"signInAudience,omitempty"`
	CreatedDateTime      string       `json:"createdDateTime,omitempty"`
	KeyCredentials       []credential `json:"keyCredentials"`
	PasswordCredentials  []credential `json:"passwordCredentials"`
	IdentifierURIs       []string     `json:"identifierUris,omitempty"`
	Web                  *platform    `json:"web,omitempty"`
	SPA                  *platform    `json:"spa,omitempty"`
	PublicClient         *platform    `json:"publicClient,omitempty"`
	ReplyURLs            []string     `json:"replyUrls,omitempty"`
	LogoutURL            string       `json:"logoutUrl,omitempty"` // of a service principal
}

// credential is a keyCredential or a passwordCredential.
// https://learn.microsoft.com/graph/api/resources/keycredential
type credential struct {
	KeyID       string `json:"keyId"`
	DisplayName string `json:"displayName"`
	Start       string `json:"startDateTime"`
	End         string `json:"endDateTime"`
	Type        string `json:"type,omitempty"`
	Usage       string `json:"usage,omitempty"`
}

type platform struct {
	RedirectURIs []string `json:"redirectUris"`
	LogoutURL    string   `json:"logoutUrl,omitempty"` // of the platform web
}

func parse(raw []byte) (*row, error) {
	r := new(row)
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("read an object of Microsoft Graph: %w", err)
	}
	if r.ID == "" {
		return nil, fmt.Errorf("read an object of Microsoft Graph: it has no id")
	}
	r.Type = Table
	r.KeyCredentials, r.PasswordCredentials = listed(r.KeyCredentials), listed(r.PasswordCredentials)
	return r, nil
}

// listed is list, not null where it is empty: rules then see that the object has none.
func listed(list []credential) []credential {
	if list == nil {
		return []credential{}
	}
	return list
}

// expiring is how long before its end a credential counts as one that ends soon.
const expiring = 30 * 24 * time.Hour

// phase is how a credential stands at a time: its end is a change that the service doesn't make.
func (c *credential) phase(at time.Time) string {
	end, err := time.Parse(time.RFC3339Nano, c.End)
	switch {
	case err != nil:
		return "endless"
	case !end.After(at):
		return "over"
	case end.Sub(at) <= expiring:
		return "ending"
	}
	return "valid"
}

// digest is the object's state at a time: its credentials with their phase, its redirect URIs and its logout URL, whatever
// their order.
func (r *row) digest(at time.Time) (sum [16]byte) {
	var parts []string
	for kind, list := range map[string][]credential{"key": r.KeyCredentials, "password": r.PasswordCredentials} {
		for _, c := range list {
			parts = append(parts, strings.Join([]string{kind, c.KeyID, c.Start, c.End, c.Type, c.Usage, c.phase(at)}, "\x00"))
		}
	}
	for kind, p := range map[string]*platform{"web": r.Web, "spa": r.SPA, "public": r.PublicClient, "reply": {r.ReplyURLs, r.LogoutURL}} {
		if p != nil {
			if p.LogoutURL != "" {
				parts = append(parts, kind+" logout\x00"+p.LogoutURL)
			}
			for _, uri := range p.RedirectURIs {
				parts = append(parts, kind+"\x00"+uri)
			}
		}
	}
	slices.Sort(parts)
	whole := sha256.Sum256([]byte(strings.Join(parts, "\x01")))
	copy(sum[:], whole[:])
	return sum
}

// event is the row as it is sent, with an id that depends on the object's id and its state only.
func (r *row) event(at time.Time, parser *enrich.ObjectParser) (enrich.Event, error) {
	r.TimeGenerated = at
	text, err := json.Marshal(r)
	if err != nil {
		return enrich.Event{}, fmt.Errorf("write a row: %w", err)
	}
	_, _, cells, err := parser.Parse(text)
	if err != nil {
		return enrich.Event{}, fmt.Errorf("write a row: %w", err)
	}
	e := enrich.NewEvent(Table, cells)
	state := r.digest(at)
	sum := sha256.Sum256(append([]byte(cmp.Or(r.ID, "-")+"\x00"), state[:]...))
	e.ID, e.Time = hex.EncodeToString(sum[:16]), at
	return e, nil
}
