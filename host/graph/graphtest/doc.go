// Package graphtest is a Microsoft Graph of one tenant on the loopback interface, with the directory that hands out tokens
// for it: collections with pages, $select, $expand and delta, and every way in which the service can fail.
//
// A collection is called by its path, such as "applications" or "groups/ID/transitiveMembers". Put and Remove change it while the
// server runs, Fail makes requests fail.
package graphtest
