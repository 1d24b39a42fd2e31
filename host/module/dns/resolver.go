package dns

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// Dial opens a connection; [net.Dialer.DialContext] is one. The network is udp or tcp, and the address the configured
// resolver's, always.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

const (
	questionsPerSecond = 5
	// answerTimeout is how long most systems wait for an answer (resolv.conf(5), timeout).
	answerTimeout = 5 * time.Second
	// udpSize is the size of answers that resolvers can send without fragments (https://dnsflagday.net/2020/).
	udpSize = 1232
	// maxStrange is how many packets that are no answer to the question are passed over before the asking ends.
	maxStrange = 16
	// maxRecords is how many records an answer about one name has at most.
	maxRecords = 64
)

var (
	errStrange = errors.New("the resolver sends answers to other questions")
	errCut     = errors.New("an answer that is cut off where none has to be")
	errRecords = fmt.Errorf("an answer of more than %d records", maxRecords)
)

// resolver asks one resolver one question at a time.
type resolver struct {
	config Config
	dial   Dial
	limit  *rate.Limiter
	tls    *tls.Config // nil for UDP
}

func newResolver(c Config, dial Dial, limit *rate.Limiter) (*resolver, error) {
	r := &resolver{config: c, dial: dial, limit: limit}
	if c.Transport != TLS {
		return r, nil
	}
	address, err := netip.ParseAddrPort(c.Resolver)
	if err != nil {
		return nil, fmt.Errorf("read the resolver's address: %w", err)
	}
	r.tls = &tls.Config{ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if c.ServerName == "" {
		r.tls.ServerName = address.Addr().String()
	}
	if c.CAFile != "" {
		r.tls.RootCAs, err = pool(c.CAFile)
	}
	return r, err
}

func pool(path string) (*x509.CertPool, error) {
	text, err := inputfile.Read(path, inputfile.MaxConfig)
	if err != nil {
		return nil, fmt.Errorf("read who signed the resolver's certificate: %w", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read who signed the resolver's certificate: %s has no certificate in PEM", path)
	}
	return p, nil
}

// ask asks for the records of one type of an absolute name. Kind is dns.TypeA or dns.TypeAAAA; the aliases on the way come
// with their answers.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(name, kind)
	q.SetEdns0(udpSize, false)
	if r.tls == nil {
		answer, err := r.over(ctx, "udp", q)
		if err != nil || !answer.Truncated {
			return answer, err
		}
	}
	answer, err := r.over(ctx, "tcp", q)
	if err == nil && answer.Truncated {
		return nil, errCut
	}
	return answer, err
}

// over sends q and waits for its answer.
func (r *resolver) over(ctx context.Context, network string, q *dns.Msg) (*dns.Msg, error) {
	if err := r.limit.Wait(ctx); err != nil {
		return nil, fmt.Errorf("wait for a turn to ask: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	raw, err := r.dial(ctx, network, r.config.Resolver)
	if err != nil {
		return nil, fmt.Errorf("reach the resolver: %w", err)
	}
	defer raw.Close() //nolint:errcheck // the answer was read, or there is none
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if r.tls != nil {
		raw = tls.Client(raw, r.tls)
	}
	conn := &dns.Conn{Conn: raw, UDPSize: udpSize}
	if err := conn.WriteMsg(q); err != nil {
		return nil, fmt.Errorf("ask the resolver: %w", err)
	}
	return receive(conn, q)
}

// receive reads until the answer to q comes. Packets that are none are passed over: anybody may send them.
func receive(conn *dns.Conn, q *dns.Msg) (*dns.Msg, error) {
	for range maxStrange {
		answer, err := conn.ReadMsg()
		var network net.Error
		switch {
		case errors.As(err, &network), answer == nil && err != nil && !errors.Is(err, dns.ErrShortRead):
			return nil, fmt.Errorf("read the resolver's answer: %w", err)
		case err != nil || !answers(answer, q):
			continue
		case len(answer.Answer) > maxRecords || len(answer.Ns) > maxRecords || len(answer.Extra) > maxRecords:
			return nil, errRecords
		}
		return answer, nil
	}
	return nil, errStrange
}

// answers reports whether m is the answer to q (RFC 5452, 9.1).
func answers(m, q *dns.Msg) bool {
	return m.Response && m.Id == q.Id && m.Opcode == dns.OpcodeQuery && len(m.Question) == 1 &&
		strings.EqualFold(m.Question[0].Name, q.Question[0].Name) &&
		m.Question[0].Qtype == q.Question[0].Qtype && m.Question[0].Qclass == q.Question[0].Qclass
}
