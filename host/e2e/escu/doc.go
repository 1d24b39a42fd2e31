// Package escu asks whether detections that others wrote for the events of Microsoft's add-on find what they look for in ours: those
// of Splunk's security content (ESCU) on azure_monitor_aad, on events that a HEC sink sends with shape: stream.
//
//	testdata/detections.json  per detection: the fields that it reads and the values that it compares them with
//	testdata/events.json      rows for what a day of the demo's company lacks; all names are made up
//
// It holds tests only, which keep the table in README.md fresh.
package escu

//go:generate go test -run TestReadme -update .
