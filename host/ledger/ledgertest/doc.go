// Package ledgertest holds stores to the contract of [ledger.Store], and the ledger to what it makes of one. Every store
// runs [Run] in its tests; [New] is one without a disk, for tests to which the disk doesn't matter; [OldFile] is what an
// earlier version left on the disk.
package ledgertest
