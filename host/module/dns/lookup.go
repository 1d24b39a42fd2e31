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
		switch {
		case answer.Rcode == dns.RcodeNameError:
			return missing(answer, end, NXDomain)
		case answer.Rcode != dns.RcodeSuccess:
			return unclear()
		}
		if life, found := address(answer, end); found {
			return finding{Resolves, life}
		}
		switch { // no address
		case end != at: // the resolver didn't say what the alias points to, or that it has none of this kind
			if _, err := CheckName(end); err != nil {
				return unclear()
			}
			at = end
		case kind == dns.TypeA:
			kind = dns.TypeAAAA
		default:
			return missing(answer, end, NoData)
		}
	}
	return unclear()
}

// follow goes along the aliases that begin at name in the answer, and returns the name at their end. Not ok are loops,
// and more aliases than anybody needs.
func follow(answer *dns.Msg, name string, aliases *[]string) (end string, ok bool) {
	for {
		target := ""
		for _, record := range answer.Answer {
			if alias, is := record.(*dns.CNAME); is && strings.EqualFold(alias.Hdr.Name, name) {
				target = strings.ToLower(alias.Target)
				break
			}
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

// address reports whether the answer has an address of name, and for how long it holds.
func address(answer *dns.Msg, name string) (life time.Duration, found bool) {
	for _, record := range answer.Answer {
		kind := record.Header().Rrtype
		if (kind == dns.TypeA || kind == dns.TypeAAAA) && strings.EqualFold(record.Header().Name, name) {
			return clamp(record.Header().Ttl), true
		}
	}
	return 0, false
}

// missing is what an answer without the name, or without an address, means. Only one that the zone's own start of
// authority comes with is an answer from the zone (RFC 2308, 2.1 and 2.2); and one that a filter made up says so itself
// (RFC 8914, 4.16 to 4.19).
func missing(answer *dns.Msg, name string, v Verdict) finding {
	if filtered(answer) {
		return unclear()
	}
	for _, record := range answer.Ns {
		if soa, ok := record.(*dns.SOA); ok && soa.Hdr.Name != "." && dns.IsSubDomain(soa.Hdr.Name, name) {
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
