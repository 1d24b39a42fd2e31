// Package enrich holds the words of riskrelay: what an event, a tag and a module are.
//
// An [Event] is one row of a Log Analytics table. Its cells stay the bytes that were read and are decoded only
// when somebody asks. A [Module] looks at events and answers with tags; it can't change or drop one. An [Enricher]
// runs modules over a batch and merges their tags into each event's [Risk]; when a module fails, the event
// goes on with the failure written beside the tags.
//
// The package imports the standard library only, so that a module's author needs nothing else.
package enrich
