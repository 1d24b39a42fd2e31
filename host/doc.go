// Package host puts the parts together: it builds streams, modules and sinks from a configuration and runs the
// pipeline between them.
//
//	streams: where events come from ─▶ enricher: package rulehost ─▶ outlets: sinks, with retries and dead letters
//
// Read host.go first: [New] holds that as one literal, and [Host.background] the list of all that goes on beside it. Then, in this
// order; few files need one that comes later:
//
//   - host.go, background.go: a host, and how work in the background begins and ends.
//   - sources.go, untimed.go: where events come from, and who is told of those whose time can't be read.
//   - refusals.go, sinks.go, certificates.go, letters.go: where they go, and what becomes of those that a sink refuses or takes
//     shortened.
//   - ledgerfile.go, socket.go, ledger.go: what lies in data_dir.
//   - clean.go, snapshot.go, service_manager.go: how the host does, as metrics, health checks and the service manager hear it.
//   - status.go, abandoned.go: the same for `riskrelay status`, also when no host runs.
//   - proof.go, backfill.go: minutes are compared and sent again, and past ones sent, beside a running host.
//   - check.go, checkonline.go, permissions.go: whether a configuration can be used, before a host does.
package host
