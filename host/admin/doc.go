// Package admin shows how a host does: as metrics for Prometheus, as two health checks, as what a watchdog asks, and as the status
// that a command shows.
// It is the only importer of Prometheus' client.
//
// Nothing is counted here. With each request a [Snapshot] is taken of what the host counts anyway, and metrics and
// reasons are derived from it. README.md lists all metrics; a test compares it with the code.
//
// Three questions are told apart. Alive (/healthz): the process answers. Ready (/readyz): everything moves, or has
// nothing to do. Stuck: nothing even fails any more, so that only a restart can help.
package admin

//go:generate go test -run TestReadme -update .
