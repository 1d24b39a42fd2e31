// Package rulefile reads rule packs and what goes with them: YAML files with rules, lists and macros, tuning files, the
// context file, and files that lists are read from. It knows the shape of a file and nothing of CEL: an expression is a
// [Text] that remembers where it stands, so that whoever compiles it can point at the character that is wrong.
//
// # Rule packs
//
//		apiVersion: riskrelay/v1
//		kind: RulePack
//		metadata: {name: my-rules, version: 1.0.0, requires: {engine: ">=1.0"}}
//		lists:
//		  - {name: tier0_roles, items: [62e90394-69f5-4237-9190-012177145e10]}
//		  - {name: leavers, case: insensitive, file: lists/leavers.csv, column: upn}
//		macros:
//		  - {name: is_tier0, params: [{name: id, type: string}], expr: id in lists.tier0_roles}
//		rules:
//		  - id: my.role.tier0
//		    title: Service principal received a tier 0 role
//		    status: stable
//		    tables: [AuditLogs]
//		    when: event.role.principal_type == "ServicePrincipal" && macros.is_tier0(event.role.id)
//		    severity: high
//		    first_seen:
//		      key: [event.actor.id, event.role.principal_id]
//		      window: 30d
//		      else: {severity: medium}
//		    adjust:
//		      - {if: event.actor.upn in lists.leavers, severity: critical, reason: by somebody who left}
//		    exceptions:
//		      - name: pipeline
//		        doc: Automation that gives roles to one service principal
//		        fields: [event.actor.id, event.role.principal_id]
//		    message: "{event.actor.label} gave {event.role.name} to {event.role.principal_name}"
//		    tests: [...]
//
//	  - requires.engine is a condition on [EngineVersion]: comparisons with spaces between.
//	  - The items of a list stand in the file, or in a file below its folder: a YAML list, one column of a CSV file, or
//	    one item a line; see [ParseWatchlist].
//	  - A parameter of a macro is a name, which takes anything, or a name and a type of the rule language.
//	  - A rule that is deprecated is off, and says which one is used instead (replaced_by), until a tuning file enables it.
//	  - needs lists parts of the context without which the rule is off. Without the key they are found in the expressions.
//	  - guide names rows of the guide, such as credentials-added, or notes of a row, such as credentials-added/unused-type. An
//	    adjust step may name notes, too.
//	  - first_seen tells new from known: when the values of key occurred within window before, the match is worth what else
//	    says. It comes before adjust. Values are compared without regard to case; an event that lacks one is never known.
//	  - exceptions are opened by the author, with the fields that are compared, and filled with values by others. An event is excepted when every field is equal to the
//	    value of one row, without regard to case. Values are compared as they stand; there are no patterns.
//	  - on_error may be given, for a pack or a rule; its only value is annotate: the event goes out with the failure.
//
// # Tuning files
//
// A tuning file is the operator's own and survives every update of the pack that it is about:
//
//		apiVersion: riskrelay/v1
//		kind: Tuning
//		metadata: {name: acme-prod}
//		for: {pack: my-rules, version: ">=1.0 <2"}
//		rules:
//		  - id: my.role.tier0
//		    base: when:3f1c0a9b severity:2d4e77d0 tables:e1aa09c2 macros.is_tier0:5b6c7d8e lists.tier0_roles:0f1e2d3c
//		    set: {severity: medium, score: 30, enabled: true}
//		    exceptions:
//		      pipeline:
//		        - values: [7f3a0000-0000-4000-8000-000000000001, [91bc0000-0000-4000-8000-000000000002, 91bc0000-0000-4000-8000-000000000003]]
//		          reason: nightly rotation
//		          owner: iam@example.org
//		          ticket: CHG-4412
//		          expires: 2027-01-31
//		          effect: suppress
//		    tests:
//		      - {name: a role of ours, event: {Type: AuditLogs, ...}, want: {severity: medium}}
//		lists:
//		  - {name: tier0_roles, add: [e8611ab8-c189-46e8-94e1-60213ab1f814], remove: []}
//
//	  - values has one entry for each field of the exception; an entry may be a list, of which any item fits.
//	  - expires is the last day (in UTC) or a time, and must be there; `never` says that it is meant. The last 14 days are a
//	    warning, and so is an exception that has ended.
//	  - effect is suppress, or {severity: low}, which lowers a match that is above; one that no match can be above is an
//	    error.
//	  - base is the revision of each part of the rule that the change was made for. When a part has another one, that is a
//	    warning that names the part; it shows the base to write, also for one that is given as sha256:000000000000. The
//	    revision of the whole rule, as it stands in events, can be given too, but tells only that something changed.
//	  - tests are the operator's, and judge the rule with all tuning files applied. Those in the pack are its author's, and
//	    judge the rule without any.
//	  - What doesn't exist can't be tuned: that is an error. Two files that set the same thing contradict each other.
//
// # The context
//
// A context file (see [Context]) holds what rules know beside the row. Its lists stand in it, or in a file:
//
//	lists:
//	  vips: [ann@example.org]
//	  leavers: {file: leavers.csv, column: upn}
//
// Reading is strict: an unknown key, a wrong type, a missing or repeated key is a [Problem], and all problems of a
// file are found in one run. Anchors, aliases, merge keys and tags are refused: a rule must read the same wherever it
// is copied to, and an alias can make a small file huge.
//
// Problem codes: R001 to R003 are about YAML and limits, R101 to R107 about the shape of the file, R110 to R113 about
// tuning and lists' files. R108 and R109 belong to package ruletest, codes from R201 on to the compiler.
package rulefile
