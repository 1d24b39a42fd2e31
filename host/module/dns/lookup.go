package dns

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxAliases is how many aliases are followed.
	maxAliases = 8
	// maxQuestions is how many questions are asked about one host.
	maxQuestions = 4

	shortestLife = 5 * time.Minute // of a verdict: longer than it takes to judge what waits for it
	longestLife  = time.Hour
	unknownLife  = 5 * time.Minute // how long nobody asks again after an unclear answer
)

// finding is a verdict and how long it holds.
type finding struct {
	verdict Verdict
	life    time.Duration
}

func unclear() finding { return finding{Unknown, unknownLife} }

// lookup finds out about name, which CheckName returned.
func (r *resolver) lookup(ctx context.Context, name string) finding {
	at := dns.Fqdn(name) // absolute: no search list makes another name of it
	aliases := []string{at}
	kind := dns.TypeA
	for range maxQuestions {
		answer, err := r.ask(ctx, at, kind)
		if err != nil {
			return unclear()
		}
		end, ok := follow(answer, at, &aliases)
		if !ok {
			return unclear()
		}
		life, found := address(answer, end, kind)
		switch {
		case answer.Rcode == dns.RcodeNameError:
			if found || kind != dns.TypeA || end != at && !registrable(end) {
				return unclear() // it has an address, was there a moment ago (RFC 4074, 4.2), or can't be registered
			}
			return missing(answer, end, NXDomain)
		case answer.Rcode != dns.RcodeSuccess:
			return unclear()
		case found:
			return finding{Resolves, life}
		}
		switch { // no address
		case end != at: // the resolver didn't say what the alias points to, or that it has none of this kind
			if !registrable(end) {
				return unclear()
			}
			at, kind = end, dns.TypeA
		case kind == dns.TypeA:
			kind = dns.TypeAAAA
		default:
			return missing(answer, end, NoData)
		}
	}
	return unclear()
}

// registrable reports whether a name that an alias points to is one that anybody may be asked about.
func registrable(name string) bool {
	_, err := CheckName(name)
	return err == nil
}

// is reports whether a record is one of name, of a kind. Records of other classes than the internet's are none.
func is(record dns.RR, name string, kind uint16) bool {
	h := record.Header()
	return h.Class == dns.ClassINET && h.Rrtype == kind && strings.EqualFold(h.Name, name)
}

// follow goes along the aliases that begin at name in the answer, and returns the name at their end. Not ok are loops,
// two aliases of one name, and more aliases than anybody needs.
func follow(answer *dns.Msg, name string, aliases *[]string) (end string, ok bool) {
	for {
		target := ""
		for _, record := range answer.Answer {
			alias, ok := record.(*dns.CNAME)
			if !ok || !is(record, name, dns.TypeCNAME) || strings.EqualFold(alias.Target, target) {
				continue
			}
			if target != "" {
				return name, false
			}
			target = strings.ToLower(alias.Target)
		}
		if target == "" {
			return name, true
		}
		if slices.Contains(*aliases, target) || len(*aliases) > maxAliases {
			return name, false
		}
		*aliases = append(*aliases, target)
		name = target
	}
}

// address reports whether the answer has an address of name, of the kind that was asked for, and for how long it holds.
func address(answer *dns.Msg, name string, kind uint16) (life time.Duration, found bool) {
	for _, record := range answer.Answer {
		if is(record, name, kind) {
			return clamp(record.Header().Ttl), true
		}
	}
	return 0, false
}

// missing is what an answer without the name, or without an address, means. Only one that the zone's own start of
// authority comes with is an answer from the zone (RFC 2308, 2.1 and 2.2), and the zone's own name exists; and one that a filter
// made up says so itself (RFC 8914, 4.16 to 4.19).
func missing(answer *dns.Msg, name string, v Verdict) finding {
	if filtered(answer) {
		return unclear()
	}
	for _, record := range answer.Ns {
		soa, ok := record.(*dns.SOA)
		if ok && soa.Hdr.Class == dns.ClassINET && soa.Hdr.Name != "." && dns.IsSubDomain(soa.Hdr.Name, name) &&
			(v != NXDomain || !strings.EqualFold(soa.Hdr.Name, name)) {
			return finding{v, clamp(min(soa.Hdr.Ttl, soa.Minttl))}
		}
	}
	return unclear()
}

func filtered(answer *dns.Msg) bool {
	opt := answer.IsEdns0()
	if opt == nil {
		return false
	}
	for _, option := range opt.Option {
		if e, ok := option.(*dns.EDNS0_EDE); ok {
			switch e.InfoCode {
			case dns.ExtendedErrorCodeBlocked, dns.ExtendedErrorCodeCensored, dns.ExtendedErrorCodeFiltered, dns.ExtendedErrorCodeProhibited:
				return true
			}
		}
	}
	return false
}

func clamp(seconds uint32) time.Duration {
	return min(longestLife, max(shortestLife, time.Duration(seconds)*time.Second))
}
