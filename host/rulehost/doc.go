// Package rulehost has rules and modules at work: it loads them, tests them, tells them what they may know beside the row, and has
// all events of a host judged by them.
//
//	rule files, context, tuning ─load, self-test─▶ the CEL module ─┐
//	programs of others ─start, fence, configure──▶ their processes ─┼─▶ Enricher: what the pipeline asks
//	a directory, DNS, past rows, what was seen ──▶ context ─────────┘
//
// A host calls
//
//   - [Start], which returns [Modules] that are ready to judge, and [Modules.Close];
//   - [Modules.Enricher], which the pipeline hands every batch, and [Modules.Streams], where follow-up events come from;
//   - [Modules.Remember], to have what rules remember outlive the process;
//   - [Modules.Reload], when it was told to, and [Modules.Snapshot], when it is asked how it does;
//   - and runs in the background [Modules.SaveSeen], [Modules.AwaitDirectory] and [Modules.FollowDirectory], [Modules.ShowHistory] and
//     [Modules.FollowHistory], [Modules.FollowFiles], [Modules.LookUp] and [Modules.FollowUp].
//
// Commands that run no host call [Selftest], [Check], [List], [Permissions] and [Forgetful].
//
// Read in this order; few files need one that comes later:
//
//   - voices.go: what is logged of modules, once rather than for each batch.
//   - process.go, list.go: how the program of a module is started and fenced, and what `riskrelay validate` and `modules list` ask it.
//   - selftest.go, permissions.go: what a set of rules must pass before it is used.
//   - seen.go, history.go, dns.go: what rules with first_seen remember, past rows that fill it, and who is told what by DNS.
//   - modules.go: all of it as one value.
//   - rules.go: rules are read, tested and put in the place of the old ones.
//   - watch.go: that is done again when files change, or on request.
//   - directory.go, configure.go: the same where modules know something new; other modules get their settings.
//   - remember.go: what rules remembered comes back from the ledger's file.
//   - status.go: how modules do.
package rulehost
