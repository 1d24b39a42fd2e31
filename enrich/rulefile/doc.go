// Package rulefile reads rule packs: YAML files with rules, lists and macros. It knows the shape of a file and
// nothing of CEL: an expression is a [Text] that remembers where it stands, so that whoever compiles it can point at
// the character that is wrong.
//
//	apiVersion: riskrelay/v1
//	kind: RulePack
//	metadata: {name: my-rules, version: 1.0.0}
//	lists:  [{name: tier0_roles, items: [62e90394-69f5-4237-9190-012177145e10]}]
//	macros: [{name: is_tier0, params: [id], expr: id in lists.tier0_roles}]
//	rules:
//	  - id: my.role.tier0
//	    title: Service principal received a tier 0 role
//	    tables: [AuditLogs]
//	    when: event.role.principal_type == "ServicePrincipal" && macros.is_tier0(event.role.id)
//	    severity: high
//	    message: "{event.actor.label} gave {event.role.name} to {event.role.principal_name}"
//	    tests: [...]
//
// Reading is strict: an unknown key, a wrong type, a missing or repeated key is a [Problem], and all problems of a
// file are found in one run. Anchors, aliases, merge keys and tags are refused: a rule must read the same wherever it
// is copied to, and an alias can make a small file huge.
//
// Problem codes: R001 to R003 are about YAML and limits, R101 to R107 about the shape of the file. Codes from R201 on
// belong to the compiler.
package rulefile
