// Package graph reads the applications and service principals of a tenant from Microsoft Graph, as rows of a table
// GraphApplications: one whenever an object is new, or its credentials, redirect URIs or logout URL changed.
//
// The service has no time of ingestion, so the source gives each object one: when it first saw the object's present state.
// These sightings lie beside the ledger.
//
//	Plan: list all objects -> compare each with its sighting -> write the new sightings -> window up to now
//	Read: sightings in the window -> list all objects -> deliver those
//
// A sighting is written before its row leaves, and says only when there was something new; whether a sink has it, the window
// in the ledger says. So a window that is read again gives the same rows with the same event ids, and a crash loses nothing.
package graph
