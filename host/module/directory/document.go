package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// maxDocument is the longest document that rules can be given: a context file has the same limit, and a process of its own
// takes no more.
const maxDocument = 30 << 20

// document is what rules are told, in the shape of a context file.
type document struct {
	VerifiedDomains []string            `json:"verified_domains,omitzero"`
	Lists           map[string][]string `json:"lists,omitempty"`
	Applications    []json.RawMessage   `json:"applications,omitzero"`
	Awaited         []string            `json:"awaited,omitempty"`
}

// The parts of a context that this module fills.
const (
	partApplications = "applications"
	partDomains      = "verified_domains"
	partPrivileged   = "lists.privileged_users"
)

// applications are the applications with what their service principal adds, and the service principals of applications
// that are registered elsewhere. An application and its service principal are one object, so that an address that both have
// doesn't look like one that two applications have.
func (s *snapshot) applications() ([]json.RawMessage, error) {
	type head struct{ ID, AppID string }
	byApp := map[string]json.RawMessage{}
	for _, text := range s.principals.all {
		var h head
		if err := json.Unmarshal(text, &h); err != nil {
			return nil, fmt.Errorf("read a service principal: %w", err)
		}
		byApp[cmp.Or(h.AppID, "without "+h.ID)] = text
	}
	all := []json.RawMessage{}
	for _, id := range slices.Sorted(maps.Keys(s.apps.all)) {
		var h head
		if err := json.Unmarshal(s.apps.all[id], &h); err != nil {
			return nil, fmt.Errorf("read an application: %w", err)
		}
		one, err := joined(s.apps.all[id], byApp[h.AppID], s.owners[id])
		if err != nil {
			return nil, err
		}
		delete(byApp, h.AppID)
		all = append(all, one)
	}
	for _, id := range slices.Sorted(maps.Keys(byApp)) {
		all = append(all, byApp[id])
	}
	return all, nil
}

// joined is an application with its owners, and with the id, the type and the kind of single sign-on of its service
// principal. Whose application it is isn't taken over: objects with appOwnerOrganizationId are those of others to the rules.
func joined(app, principal, owners json.RawMessage) (json.RawMessage, error) {
	if principal == nil && owners == nil {
		return app, nil
	}
	var whole, more map[string]json.RawMessage
	if err := json.Unmarshal(app, &whole); err != nil {
		return nil, fmt.Errorf("read an application: %w", err)
	}
	if owners != nil {
		whole["owners"] = owners
	}
	if principal != nil {
		if err := json.Unmarshal(principal, &more); err != nil {
			return nil, fmt.Errorf("read a service principal: %w", err)
		}
		for from, to := range map[string]string{
			"id": "servicePrincipalId", "preferredSingleSignOnMode": "preferredSingleSignOnMode", "servicePrincipalType": "servicePrincipalType",
		} {
			if value, ok := more[from]; ok {
				whole[to] = value
			}
		}
	}
	return json.Marshal(whole)
}
