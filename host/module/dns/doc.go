// Package dns is a rule module that finds out whether the hosts of redirect and logout URLs exist, so that rules which ask
// context.dns get answers.
//
// The hosts are chosen by whoever may change an application, so what is done for them is narrow: A and AAAA questions
// about absolute names, one configured resolver, few questions a second, and a cache, a queue and answers of bounded size.
// Nothing is ever connected to but the resolver. Tag reads the cache and never waits: a host that isn't known is queued and
// looked up in the background, and whoever keeps the event is told of the answer.
//
// It is the only door to miekg/dns.
package dns
