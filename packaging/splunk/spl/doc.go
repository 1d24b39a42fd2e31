// Package spl evaluates a small part of Splunk's search language on events as riskrelay sends them, so that the app's searches,
// calculated fields, event types and dashboards can be tried where no Splunk is. What it doesn't know is an error, never a guess:
//
//	commands   search where eval stats timechart tstats lookup inputlookup sort head table fields rename mvexpand dedup
//	terms      FIELD=VALUE != < <= > >= with * in values, IN (..), AND OR NOT, parentheses, `macros`
//	functions  those in functions.go
//	knowledge  KV_MODE=json, EVAL-, LOOKUP-, event types and tags, lookups from CSV
//
// Follows https://help.splunk.com/en/splunk-enterprise/search/spl-search-reference and .../manage-knowledge-objects. It is no
// judge of what Splunk itself would say: what both get wrong alike, it doesn't find.
package spl
