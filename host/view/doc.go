// Package view is what people and programs are shown: how a host does, rules, what was found in files, why events matched, proofs
// and dead letters. Each is data with names for JSON, and a text of it. A command writes one or the other; what else shows it,
// such as a page, draws the same data.
//
// Read in this order; a file needs none that comes later:
//
//   - visible.go, plain.go: the way of all output to people, which lets nothing through that commands a terminal.
//   - table.go, page.go, words.go: tables, pages in sections, and numbers, spans and times in a few characters.
//   - log.go, splunkdlog.go, bar.go: the log, as people and as splunkd read it, and how far a long work is.
//   - status.go: how a host does.
//   - code.go, findings.go, sarif.go: problem codes, and what was found in rule files.
//   - rules.go, rule.go, rule_text.go, language.go, costs.go: rules as a list, all about one of them, what they may say and what they cost.
//   - explained.go, changed.go, foundevents.go, found.go: why rules matched events, what two sets of rules say of them, and what a collector received.
//   - modules.go, checkup.go: modules with their fences, and the steps of a check.
//   - proof.go, letters.go: what sinks confirmed and refused.
package view
