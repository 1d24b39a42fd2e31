package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/host/graph"
)

// snapshot is what was read of the tenant. It belongs to the goroutine that reads.
type snapshot struct {
	apps, principals objects
	owners           map[string]json.RawMessage // by application's object id
	domains          []string
	privileged       []string // user principal names
}

func newSnapshot() *snapshot {
	const permission = "Application.Read.All"
	return &snapshot{
		apps: objects{query: graph.Query{Path: "applications", Permission: permission, Select: []string{
			"id", "appId", "displayName", "createdDateTime", "identifierUris", "keyCredentials", "passwordCredentials", "web", "spa", "publicClient",
		}}},
		principals: objects{query: graph.Query{Path: "servicePrincipals", Permission: permission, Select: []string{
			"id", "appId", "displayName", "appOwnerOrganizationId", "servicePrincipalType", "preferredSingleSignOnMode", "replyUrls",
			"keyCredentials", "passwordCredentials",
		}}},
	}
}

// take goes on with what was read by another, and makes the next reading a whole one.
func (s *snapshot) take(from *snapshot) {
	*s = *from
	s.again()
}

func (s *snapshot) again() { s.apps.link, s.principals.link = "", "" }

// forget gives the memory of a part back.
func (s *snapshot) forget(part string) {
	switch part {
	case partApplications:
		s.again()
		s.apps.all, s.principals.all, s.owners = nil, nil, nil
	case partPrivileged:
		s.privileged = nil
	}
}

// readApplications reads applications, service principals and owners, and returns how many objects there are.
func (s *snapshot) readApplications(ctx context.Context, from reader, limit int) (int, error) {
	if err := s.apps.refresh(ctx, from, limit); err != nil {
		return 0, err
	}
	if err := s.principals.refresh(ctx, from, limit-len(s.apps.all)); err != nil {
		return 0, err
	}
	owners := map[string]json.RawMessage{}
	// Changes of owners aren't among the changes that delta tells. The service names 20 of an application's owners at most.
	q := graph.Query{Path: "applications", Permission: s.apps.query.Permission, Select: []string{"id"}, Expand: "owners($select=id,userPrincipalName)"}
	err := from.List(ctx, q, func(o graph.Object) error {
		var app struct {
			Owners []struct {
				ID  string `json:"id"`
				UPN string `json:"userPrincipalName,omitempty"`
			} `json:"owners"`
		}
		if err := json.Unmarshal(o.JSON, &app); err != nil {
			return fmt.Errorf("read the owners of application %s: %w", o.ID, err)
		}
		if len(app.Owners) == 0 {
			return nil
		}
		text, err := json.Marshal(app.Owners)
		owners[o.ID] = text
		return err
	})
	if err != nil {
		return 0, err
	}
	s.owners = owners
	return len(s.apps.all) + len(s.principals.all), nil
}

// readDomains reads the verified domains and returns how many there are.
func (s *snapshot) readDomains(ctx context.Context, from reader, _ int) (int, error) {
	domains := []string{}
	q := graph.Query{Path: "domains", Permission: "Domain.Read.All", Select: []string{"id", "isVerified"}}
	err := from.List(ctx, q, func(o graph.Object) error {
		var d struct{ IsVerified bool }
		if err := json.Unmarshal(o.JSON, &d); err != nil {
			return fmt.Errorf("read domain %s: %w", o.ID, err)
		}
		if d.IsVerified && o.ID != "" {
			domains = append(domains, strings.ToLower(o.ID))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	slices.Sort(domains)
	s.domains = domains
	return len(domains), nil
}

// readPrivileged reads who is in a privileged role, directly or by a group, and returns how many users that are.
func (s *snapshot) readPrivileged(ctx context.Context, from reader, limit int) (int, error) {
	var roles []string
	known := privilegedRoles()
	q := graph.Query{Path: "directoryRoles", Permission: "RoleManagement.Read.Directory", Select: []string{"id", "roleTemplateId"}}
	err := from.List(ctx, q, func(o graph.Object) error {
		var role struct{ RoleTemplateID string }
		if err := json.Unmarshal(o.JSON, &role); err != nil {
			return fmt.Errorf("read role %s: %w", o.ID, err)
		}
		if _, privileged := known[strings.ToLower(role.RoleTemplateID)]; privileged && safeID(o.ID) {
			roles = append(roles, o.ID)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	m := members{users: map[string]bool{}, groups: map[string]bool{}, limit: limit}
	for _, role := range roles {
		q := graph.Query{Path: "directoryRoles/" + role + "/members", Permission: q.Permission, Select: memberProperties()}
		if err := from.List(ctx, q, m.add); err != nil {
			return 0, err
		}
	}
	for group := range m.groups {
		q := graph.Query{Path: "groups/" + group + "/transitiveMembers", Permission: "GroupMember.Read.All", Select: memberProperties()}
		if err := from.List(ctx, q, m.add); err != nil {
			return 0, err
		}
	}
	s.privileged = []string{}
	for user := range m.users {
		s.privileged = append(s.privileged, user)
	}
	slices.Sort(s.privileged)
	return len(s.privileged), nil
}

func memberProperties() []string { return []string{"id", "userPrincipalName"} }

// members collects users, and the groups whose members count as well.
type members struct {
	users, groups map[string]bool
	limit         int
}

func (m *members) add(o graph.Object) error {
	var member struct {
		Type              string `json:"@odata.type"`
		UserPrincipalName string `json:"userPrincipalName"`
	}
	if err := json.Unmarshal(o.JSON, &member); err != nil {
		return fmt.Errorf("read member %s: %w", o.ID, err)
	}
	switch {
	case member.Type == "#microsoft.graph.group" && safeID(o.ID):
		m.groups[o.ID] = true
	case member.UserPrincipalName != "":
		m.users[strings.ToLower(member.UserPrincipalName)] = true
	}
	if len(m.users)+len(m.groups) > m.limit {
		return errTooMany
	}
	return nil
}

// safeID reports whether an id can be a part of a path.
func safeID(id string) bool {
	return id != "" && !strings.ContainsAny(id, "/?#%. ")
}
