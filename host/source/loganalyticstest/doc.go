// Package loganalyticstest is a Log Analytics workspace for tests and demos: a server that speaks the wire format of
// the query API over TLS, hands out tokens as Entra ID does, and evaluates the queries that riskrelay asks
// (package kql beside it). It can be told to fail in all the ways the service does.
//
//	client --POST /{tenant}/oauth2/v2.0/token------> token
//	client --POST /v1/workspaces/{id}/query--------> tables, or a Fault
//	test   --Add(table, ingested, rows)------------> store
//
// The wire format: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format, errors:
// https://learn.microsoft.com/azure/azure-monitor/logs/api/errors. The rows to fill it with come from files, from a
// test, or from package story.
package loganalyticstest
