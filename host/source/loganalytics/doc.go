// Package loganalytics reads the tables of an Azure Log Analytics workspace through the query API. It is the only
// door to azquery.
//
//	Plan: the next window of ingestion time, never past the service's own clock
//	Read: KQL -> azquery -> policy that keeps the body -> scanner -> batches of events
//
// A reply may be 100 MB, so its rows leave while the body still arrives. Whether the reply is complete shows only at
// its end. Marks therefore carry a count, and a reading that begins at a mark first proves that the rows before it
// are as many as were delivered; see mark.
package loganalytics
