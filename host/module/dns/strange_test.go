package dns

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
)

// here is an answer with an address, gone one that says that the name doesn't exist.
func here() dnstest.Answer { return dnstest.Address("192.0.2.1") }
func gone() dnstest.Answer { return dnstest.NXDomain() }

// each changes the header of every record.
func each(change func(h *dns.RR_Header)) func(m *dns.Msg) {
	return func(m *dns.Msg) {
		for _, section := range [][]dns.RR{m.Answer, m.Ns} {
			for _, record := range section {
				change(record.Header())
			}
		}
	}
}

func record(text string) dns.RR {
	r, err := dns.NewRR(text)
	if err != nil {
		panic(err) // a mistake in the test
	}
	return r
}

// strangeAnswers are answers that don't fit the question, themselves or each other. Who sends them may want a host to be taken for
// one that anybody can register, or for one that is fine.
func strangeAnswers() map[string]dnstest.Answer {
	chaos := each(func(h *dns.RR_Header) { h.Class = dns.ClassCHAOS })
	other := each(func(h *dns.RR_Header) { h.Name = "other.example.net." })
	address := func(kind string) dnstest.Answer { // with an address of the kind, whatever the question was
		return dnstest.Changed(dnstest.NoData(), func(m *dns.Msg) {
			m.Ns, m.Answer = nil, []dns.RR{record(m.Question[0].Name + " IN " + kind)}
		})
	}
	return map[string]dnstest.Answer{
		"address of another class":            dnstest.Changed(here(), chaos),
		"address of another name":             dnstest.Changed(here(), other),
		"address of the other kind":           dnstest.ByType(address("AAAA 2001:db8::1"), address("A 192.0.2.1")),
		"address in authority":                dnstest.Changed(here(), func(m *dns.Msg) { m.Answer, m.Ns = nil, m.Answer }),
		"address in additional":               dnstest.Changed(here(), func(m *dns.Msg) { m.Answer, m.Extra = nil, m.Answer }),
		"nxdomain with an address":            dnstest.Changed(gone(), func(m *dns.Msg) { m.Answer = []dns.RR{record(m.Question[0].Name + " IN A 192.0.2.1")} }),
		"nxdomain of another class":           dnstest.Changed(gone(), chaos),
		"nxdomain of another zone":            dnstest.Changed(gone(), other),
		"nxdomain of the root":                dnstest.Changed(gone(), each(func(h *dns.RR_Header) { h.Name = "." })),
		"nxdomain of the name's own zone":     dnstest.Changed(gone(), func(m *dns.Msg) { m.Ns[0].Header().Name = m.Question[0].Name }),
		"nxdomain with the zone in answer":    dnstest.Changed(gone(), func(m *dns.Msg) { m.Answer, m.Ns = m.Ns, nil }),
		"nxdomain, zone in additional":        dnstest.Changed(gone(), func(m *dns.Msg) { m.Extra, m.Ns = m.Ns, nil }),
		"nxdomain for IPv6 only":              dnstest.ByType(dnstest.NoData(), gone()), // RFC 4074, 4.2
		"nxdomain, truncated":                 dnstest.Changed(gone(), func(m *dns.Msg) { m.Truncated = true }),
		"address, truncated":                  dnstest.Changed(here(), func(m *dns.Msg) { m.Truncated = true }),
		"nxdomain, no answer":                 dnstest.Changed(gone(), func(m *dns.Msg) { m.Response = false }),
		"nxdomain to an update":               dnstest.Changed(gone(), func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }),
		"nxdomain to two questions":           dnstest.Changed(gone(), func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }),
		"nxdomain to no question":             dnstest.Changed(gone(), func(m *dns.Msg) { m.Question = nil }),
		"nxdomain to another kind":            dnstest.Changed(gone(), func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeTXT }),
		"nxdomain to another class":           dnstest.Changed(gone(), func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }),
		"nxdomain, wrong id":                  dnstest.WrongID(gone()),
		"alias of another class":              dnstest.Changed(dnstest.Alias("192.0.2.1", "b.example.net"), chaos),
		"two aliases":                         dnstest.Changed(dnstest.Alias("192.0.2.1", "b.example.net"), func(m *dns.Msg) { m.Answer = append(m.Answer, record(m.Question[0].Name+" IN CNAME c.example.net.")) }),
		"alias to itself":                     dnstest.AliasOnly("strange.example.com"),
		"alias into the house, gone":          dnstest.Alias("", "server.intranet"),
		"alias to the root":                   dnstest.AliasOnly("."),
		"a text that doesn't fit":             dnstest.Changed(dnstest.NoData(), texts(2000)),
		"a text of 60 kB, over TCP":           dnstest.Truncated(dnstest.Changed(dnstest.NoData(), texts(60_000))),
		"more additional records than needed": dnstest.Truncated(dnstest.Changed(gone(), func(m *dns.Msg) { m.Extra = repeated(m.Question[0].Name+" IN A 192.0.2.1", 3000) })),
	}
}

// again sends each answer n times, so that nobody waits long for another one.
func again(answer dnstest.Answer, n int) dnstest.Answer {
	return func(q *dns.Msg, tcp bool) (packets [][]byte) {
		for range n {
			packets = append(packets, answer(q, tcp)...)
		}
		return packets
	}
}

// texts adds a record with n bytes of text.
func texts(n int) func(m *dns.Msg) {
	return func(m *dns.Msg) {
		m.Ns, m.Answer = nil, []dns.RR{record(m.Question[0].Name + " IN TXT" + strings.Repeat(` "`+strings.Repeat("x", 250)+`"`, n/250))}
	}
}

func repeated(text string, n int) (records []dns.RR) {
	for range n {
		records = append(records, record(text))
	}
	return records
}

// TestStrangeAnswersSayNothing checks that an answer which contradicts the question or itself is no verdict.
func TestStrangeAnswersSayNothing(t *testing.T) {
	s := startServer(t)
	r := resolverFor(t, s)
	for name, answer := range strangeAnswers() {
		s.Set("strange.example.com", again(answer, maxStrange))
		before := len(s.Asked())
		if got := r.lookup(t.Context(), "strange.example.com"); got.verdict != Unknown && got.verdict != NoData {
			t.Errorf("%s: %+v", name, got)
		}
		if n := len(s.Asked()) - before; n > 2*maxQuestions {
			t.Errorf("%s: %d questions: %v", name, n, s.Asked()[before:])
		}
	}
}
