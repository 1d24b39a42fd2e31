package sumologic

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Check goes the way of an event step by step and says what is wrong: url_file, network, certificate, and with a test event that is
// not nil the source's code. A source has no page that would tell whether it knows a code without keeping what it is sent.
func Check(ctx context.Context, c Config, test *enrich.Event) checkup.Report {
	r := new(checkup.Report)
	s, err := New(c)
	if err != nil {
		r.Problem("configuration", "correct it", "%v", err)
		return *r
	}
	defer s.Close() //nolint:errcheck // has no error
	target, err := s.target()
	if err != nil {
		r.Problem("configuration", "correct url_file and ca_file", "%v", err)
		return *r
	}
	if !checkup.Reach(ctx, r, target) {
		return *r
	}
	if test == nil {
		r.Warn("send", "run it without --no-send", "no test event was sent: whether the source knows the code in url_file isn't known")
		return *r
	}
	s.checkSend(ctx, r, target, test)
	return *r
}

// target is the host of the source's address; its code is a secret.
func (s *Sink) target() (checkup.Target, error) {
	address, err := s.address()
	if err != nil {
		return checkup.Target{}, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return checkup.Target{}, errors.New("url_file holds no address") // err repeats it
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	t := checkup.Target{Address: net.JoinHostPort(u.Hostname(), port), Dial: endpoint.Dial, Key: "url_file", CAKey: "ca_file"}
	if u.Scheme == "https" {
		t.TLS, err = s.config.tls().Config()
	}
	return t, err
}

// checkSend sends the test event.
func (s *Sink) checkSend(ctx context.Context, r *checkup.Report, target checkup.Target, test *enrich.Event) {
	body, _, err := appendLine(nil, s.config.shape(), test, s.config.MaxEvent)
	if err != nil {
		r.Problem("send", "give max_event more room", "write the test event: %v", err)
		return
	}
	begin := time.Now()
	reply, _, err := s.request(ctx, test.Table, body)
	took := time.Since(begin).Round(time.Millisecond)
	switch {
	case err != nil:
		host, _, _ := net.SplitHostPort(target.Address) // target has made it
		says, fix := checkup.Explain(err, target, host)
		r.Problem("send", fix, "%s", says)
	case reply.verdict() == delivered:
		r.OK("send", "test event %s was accepted in %v, in category %s", test.ID, took, forTable(s.config.Category, test.Table))
	case reply.verdict() == denied:
		r.Problem("code", "copy the address of the HTTP source anew (Collection > the source > Show URL) into "+s.config.URLFile, "%s: %s", reply, reply.advice())
	default:
		r.Problem("send", reply.advice(), "%s", reply)
	}
}
