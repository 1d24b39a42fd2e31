package syslog

import (
	"cmp"
	"encoding/json"

	"github.com/riskrelay/riskrelay/enrich"
)

// targetResource is something or somebody that an action was done to, as AuditLogs tells in TargetResources.
type targetResource struct {
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	Type              string `json:"type"`
	UserPrincipalName string `json:"userPrincipalName"`
}

func isUser(t *targetResource) bool  { return t.Type == "User" }
func isThing(t *targetResource) bool { return !isUser(t) }

func targetName(t *targetResource) string { return cmp.Or(t.UserPrincipalName, t.DisplayName) }
func targetID(t *targetResource) string   { return t.ID }
func targetType(t *targetResource) string { return t.Type }

// target returns a function that gives what get says of the first target that fits and has a name or an id, "" without one. An
// action can have a user and something else for targets (who became the owner of what): each kind has keys of its own.
func target(fits func(*targetResource) bool, get func(*targetResource) string) func(*enrich.Event) string {
	return func(e *enrich.Event) string {
		for _, t := range targets(e) {
			if fits(&t) && (targetName(&t) != "" || t.ID != "") {
				return get(&t)
			}
		}
		return ""
	}
}

// targets are the targets that can be read: one whose members have other types than Azure documents doesn't hide the others.
func targets(e *enrich.Event) (all []targetResource) {
	cell := e.Lookup("TargetResources")
	if len(cell) == 0 {
		return nil
	}
	var raw []json.RawMessage
	if json.Unmarshal(enrich.Expand(cell), &raw) != nil {
		return nil
	}
	for _, r := range raw {
		var t targetResource
		if json.Unmarshal(r, &t) == nil {
			all = append(all, t)
		}
	}
	return all
}

// first returns a function that gives the first text that one of two others gives.
func first(a, b func(*enrich.Event) string) func(*enrich.Event) string {
	return func(e *enrich.Event) string { return cmp.Or(a(e), b(e)) }
}
