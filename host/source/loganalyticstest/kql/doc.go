// Package kql evaluates the part of the Kusto Query Language that a forwarder asks of Log Analytics: one table,
// piped through where, extend, project, order by, take and summarize, with comparisons, contains and in, and, or, and the functions
// ingestion_time, hash, bin and tostring.
//
//	text --Parse--> Query --Run(Database)--> Result --> rows in the wire format
//
// It is for emulators in tests and demos, not for data: it holds no index but the one on ingestion time, which its
// caller keeps. What it can't read it refuses with the codes of the service (SYN0002, SEM0100, SEM0260), it never
// guesses. One function differs on purpose: hash() is stable and uniform, but is not Kusto's xxHash64, so the rows
// of a slot are other rows than in the service.
//
// The language: https://learn.microsoft.com/kusto/query/
package kql
