package dnstest

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

// Answer makes the packets with which a question is answered.
type Answer func(q *dns.Msg, tcp bool) [][]byte

const ttl = 60

func reply(q *dns.Msg, change func(*dns.Msg)) [][]byte {
	m := new(dns.Msg).SetReply(q)
	m.RecursionAvailable = true
	change(m)
	packet, err := m.Pack()
	if err != nil {
		panic(fmt.Sprintf("dnstest: pack an answer: %v", err)) // a mistake in the test
	}
	return [][]byte{packet}
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

// soa is the start of authority of the zone of name's last two labels.
func soa(name string) dns.RR {
	labels := dns.SplitDomainName(name)
	zone := dns.Fqdn(labels[len(labels)-1])
	if len(labels) > 1 {
		zone = labels[len(labels)-2] + "." + zone
	}
	return &dns.SOA{Hdr: header(zone, dns.TypeSOA), Ns: "ns." + zone, Mbox: "root." + zone, Minttl: ttl}
}

// Address answers with an address: an IPv4 one to A, an IPv6 one to AAAA, nothing to anything else.
func Address(ip string) Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) { add(m, q.Question[0].Name, ip) })
	}
}

func add(m *dns.Msg, name, ip string) {
	address, kind := netip.MustParseAddr(ip), m.Question[0].Qtype
	switch {
	case address.Is4() && kind == dns.TypeA:
		m.Answer = append(m.Answer, &dns.A{Hdr: header(name, kind), A: address.AsSlice()})
	case address.Is6() && kind == dns.TypeAAAA:
		m.Answer = append(m.Answer, &dns.AAAA{Hdr: header(name, kind), AAAA: address.AsSlice()})
	default:
		m.Ns = append(m.Ns, soa(name))
	}
}

// NXDomain answers that the name doesn't exist, as its zone says so.
func NXDomain() Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) {
			m.Rcode, m.Ns = dns.RcodeNameError, []dns.RR{soa(q.Question[0].Name)}
		})
	}
}

// NXDomainFromNobody answers that the name doesn't exist, without saying which zone knows.
func NXDomainFromNobody() Answer { return Fail(dns.RcodeNameError) }

// Blocked answers that the name doesn't exist, and that a filter made this up.
func Blocked() Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) {
			m.Rcode, m.Ns = dns.RcodeNameError, []dns.RR{soa(q.Question[0].Name)}
			m.SetEdns0(1232, false).IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeBlocked}}
		})
	}
}

// NoData answers that the name exists and has nothing of what was asked for.
func NoData() Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) { m.Ns = []dns.RR{soa(q.Question[0].Name)} })
	}
}

// The response codes that resolvers fail with (RFC 1035, 4.1.1).
const (
	ServFail = dns.RcodeServerFailure
	Refused  = dns.RcodeRefused
)

// Fail answers with a response code and nothing else.
func Fail(rcode int) Answer {
	return func(q *dns.Msg, _ bool) [][]byte { return reply(q, func(m *dns.Msg) { m.Rcode = rcode }) }
}

// Tarpit never answers.
func Tarpit() Answer { return func(*dns.Msg, bool) [][]byte { return nil } }

// Alias answers with a chain of aliases from the name over all of targets. The last one has the address ip, or, when ip
// is "", doesn't exist.
func Alias(ip string, targets ...string) Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) {
			end := chain(m, q.Question[0].Name, targets)
			if ip != "" {
				add(m, end, ip)
				return
			}
			m.Rcode, m.Ns = dns.RcodeNameError, []dns.RR{soa(end)}
		})
	}
}

// AliasOnly answers with a chain of aliases and leaves it to the client to ask for the last one.
func AliasOnly(targets ...string) Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) { chain(m, q.Question[0].Name, targets) })
	}
}

func chain(m *dns.Msg, name string, targets []string) (end string) {
	for _, t := range targets {
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: dns.Fqdn(t)})
		name = dns.Fqdn(t)
	}
	return name
}

// Truncated answers over UDP that the answer doesn't fit, and over TCP with it.
func Truncated(whole Answer) Answer {
	return func(q *dns.Msg, tcp bool) [][]byte {
		if tcp {
			return whole(q, tcp)
		}
		return reply(q, func(m *dns.Msg) { m.Truncated = true })
	}
}

// Flood answers with as many of n addresses as a message holds. Over UDP it says that they don't fit.
func Flood(n int) Answer {
	return Truncated(func(q *dns.Msg, _ bool) [][]byte {
		return reply(q, func(m *dns.Msg) {
			m.Compress = true
			for i := range min(n, 4000) { // of 16 bytes, in 64 KiB
				add(m, q.Question[0].Name, fmt.Sprintf("192.0.2.%d", i%256))
			}
		})
	})
}

// After answers with packets that aren't the answer, and then with it.
func After(strange, answer Answer) Answer {
	return func(q *dns.Msg, tcp bool) [][]byte { return append(strange(q, tcp), answer(q, tcp)...) }
}

// WrongID answers with a, under the number of another question.
func WrongID(a Answer) Answer {
	return func(q *dns.Msg, tcp bool) [][]byte {
		packets := a(q, tcp)
		for _, p := range packets {
			p[0] ^= 0xff
		}
		return packets
	}
}

// Spoofed answers with a to a question about another name.
func Spoofed(name string, a Answer) Answer {
	return func(q *dns.Msg, tcp bool) [][]byte {
		other := q.Copy()
		other.Question[0].Name = dns.Fqdn(name)
		return a(other, tcp)
	}
}

// Garbage answers with bytes that are no DNS message, the first two of which are the number of the question.
func Garbage() Answer {
	return func(q *dns.Msg, _ bool) [][]byte {
		return [][]byte{append([]byte{byte(q.Id >> 8), byte(q.Id)}, bytes.Repeat([]byte{0xff}, 40)...), {}, {1}}
	}
}
