// Package reload notices that files changed: those that an operator edits in place, those that a tool replaces by
// renaming, and those that a Kubernetes ConfigMap swaps behind a symbolic link.
//
// It says that something changed, not what: whoever listens reads everything again and finds out. Changes are waited
// out until it has been quiet for a while, so that a copy of many files is one change.
package reload
