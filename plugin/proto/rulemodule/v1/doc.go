// Package rulemodulev1 is version 1 of the protocol between riskrelay and a rule module that runs in a process of its
// own. The Go code is generated from rulemodule.proto, which is the place to read. Authors of Go modules need neither:
// package plugin hides the wire.
package rulemodulev1
