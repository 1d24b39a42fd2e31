package dnstest

import (
	"fmt"

	"github.com/miekg/dns"
)

// Changed answers as a does, with what change makes of each message.
func Changed(a Answer, change func(m *dns.Msg)) Answer {
	return func(q *dns.Msg, tcp bool) (packets [][]byte) {
		for _, packet := range a(q, tcp) {
			m := new(dns.Msg)
			if err := m.Unpack(packet); err != nil {
				panic(fmt.Sprintf("dnstest: unpack an answer: %v", err)) // a mistake in the test
			}
			change(m)
			m.Compress = true
			packed, err := m.Pack()
			if err != nil {
				panic(fmt.Sprintf("dnstest: pack an answer: %v", err))
			}
			packets = append(packets, packed)
		}
		return packets
	}
}

// ByType answers to A and to AAAA in two ways.
func ByType(a, aaaa Answer) Answer {
	return func(q *dns.Msg, tcp bool) [][]byte {
		if q.Question[0].Qtype == dns.TypeAAAA {
			return aaaa(q, tcp)
		}
		return a(q, tcp)
	}
}
