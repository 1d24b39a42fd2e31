// Package graph reads Microsoft Graph: whole collections page by page, and what changed in them since the last time. It
// asks only with GET.
//
//	List:  GET collection?$select=.. -> page -> @odata.nextLink -> page -> end
//	Delta: GET collection/delta      -> page -> @odata.nextLink -> page -> @odata.deltaLink, with which the next Delta begins
//
// azcore's pipeline gets tokens, and waits and asks again when the service throttles or fails. What is read is bounded: a
// page by its bytes, a collection by its pages. Links are followed to the service's own host only, as they carry the
// token.
package graph
