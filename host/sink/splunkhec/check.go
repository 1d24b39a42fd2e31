package splunkhec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// check is one check of a collector under way.
type check struct {
	*checkup.Report
	*Sink
	target checkup.Target
	key    string // of the configuration, that holds the URL
}

// Check goes the way of an event step by step and says what is wrong: token file, network, certificate, collector, token,
// acknowledgement, and with a test event that is not nil also the index. Where there are several collectors each is asked, gets
// the test event, and its steps have its host and port behind their names.
func Check(ctx context.Context, c Config, test *enrich.Event) checkup.Report {
	all := new(checkup.Report)
	for i, at := range append([]string{c.URL}, c.URLs...) {
		one, key := c, "url"
		if one.URL, one.URLs = at, nil; i > 0 {
			key = "urls"
		}
		k := check{Report: new(checkup.Report), key: key}
		var err error
		if k.Sink, err = New(one); err != nil { // the same for all
			k.Problem("configuration", "correct it", "%v", err)
			return *k.Report
		}
		k.all(ctx, test)
		_ = k.Close() // has no error
		for _, step := range k.Steps {
			if len(c.URLs) > 0 {
				step.Name += " " + k.collectors.list[0].name
			}
			all.Steps = append(all.Steps, step)
		}
	}
	return *all
}

// all takes the steps at one collector.
func (k *check) all(ctx context.Context, test *enrich.Event) {
	if !k.reach(ctx) || !k.health(ctx) || !k.tokenGood(ctx) || !k.ackGood(ctx) {
		return
	}
	if test == nil {
		k.Warn("send", "run it without --no-send", "no test event was sent: whether the index may be written isn't known")
		return
	}
	k.send(ctx, test)
}

func (k *check) reach(ctx context.Context) bool {
	at, err := url.Parse(k.config.URL)
	if err != nil {
		k.Problem("dns", "correct "+k.key, "not a URL")
		return false
	}
	port := at.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[at.Scheme]
	}
	k.target = checkup.Target{
		Address: net.JoinHostPort(at.Hostname(), port), Dial: endpoint.Dial, Key: k.key, CAKey: "ca_file", CertKey: "cert_file",
		Idle: " Splunk listens only while HEC is on (Settings > Data inputs > HTTP Event Collector > Global Settings)",
	}
	if at.Scheme == "https" {
		if k.target.TLS, err = k.config.tls().Config(); err != nil {
			k.Problem("tls", "correct ca_file, cert_file and key_file", "%v", err)
			return false
		}
	}
	if k.config.Proxy != "" {
		return k.tunnel(ctx)
	}
	return checkup.Reach(ctx, k.Report, k.target)
}

// tunnel has the proxy make a connection. What is wrong behind it shows with the first request.
func (k *check) tunnel(ctx context.Context) bool {
	conn, err := k.config.proxy().Dial(ctx, "tcp", k.target.Address)
	if err != nil {
		k.Problem("proxy", "check proxy and proxy_auth_file, and have it let "+k.target.Address+" through", "%v", err)
		return false
	}
	k.OK("proxy", "lets through to %s", k.target.Address)
	_ = conn.Close() // nothing was sent
	return true
}

// broken notes that a request had no reply.
func (k *check) broken(step string, err error) bool {
	if failed := new(url.Error); errors.As(err, &failed) {
		err = failed.Err
	}
	host, _, _ := net.SplitHostPort(k.target.Address) // reach has made it
	says, fix := checkup.Explain(err, k.target, host)
	k.Problem(step, fix, "%s", says)
	return false
}

// health asks the page that needs no token.
// https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTinput
func (k *check) health(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, k.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.base+"/health", http.NoBody)
	if err != nil {
		return k.broken("collector", err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return k.broken("collector", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	r, err := k.read(response)
	switch {
	case err != nil:
		return k.broken("collector", err)
	case r.status == http.StatusOK:
		k.OK("collector", "is healthy")
	case r.status == http.StatusServiceUnavailable && r.Code != nil:
		k.Warn("collector", "its queues are full or it is going down: see the indexers' health in Splunk's monitoring console", "%s", r)
	case r.status == http.StatusNotFound:
		k.Problem("collector", "turn HEC on (Settings > Data inputs > HTTP Event Collector > Global Settings > Enabled), and check the port in url: 8088 is HEC's, 8089 isn't",
			"%s: no HTTP Event Collector is there", r)
		return false
	default:
		k.Warn("collector", "is that a load balancer which doesn't pass /services/collector/health on?", "the health page %s", r)
	}
	return true
}

// tokenGood posts nothing: the collector judges the token first, and then complains that there is no data.
func (k *check) tokenGood(ctx context.Context) bool {
	token, err := k.token.Get()
	if err != nil {
		k.Problem("token", "correct token_file", "%v", err)
		return false
	}
	r, err := k.call(ctx, "/event", token, "", nil, false)
	if err != nil {
		return k.broken("token", err)
	}
	switch {
	case r.Code == nil && r.verdict() == delivered:
		k.Warn("token", "if it is a Splunk collector, set lenient to false", "%s, which lenient takes for accepted: whether it judges tokens, or keeps what it takes, isn't known", r)
		return true
	case r.is(codeNoData), r.verdict() == delivered, r.is(codeNoChannel) && k.config.Ack:
		k.OK("token", "is known and enabled")
		return true
	case r.is(codeNoChannel):
		k.Problem("ack", "set ack to true: the token has indexer acknowledgement on", "%s", r)
	case r.verdict() == denied:
		k.Problem("token", k.tokenFix(r), "%s", r)
	case r.status == http.StatusNotFound:
		k.Problem("collector", "turn HEC on (Settings > Data inputs > HTTP Event Collector > Global Settings > Enabled)", "%s: HEC is disabled, or url leads elsewhere", r)
	default:
		k.Problem("token", r.advice(), "%s", r)
	}
	return false
}

func (k *check) tokenFix(r reply) string {
	switch {
	case r.Code == nil:
		return r.advice()
	case r.is(codeTokenDisabled):
		return "turn the token on (Settings > Data inputs > HTTP Event Collector)"
	case r.is(codeTokenRequired, codeBadAuthorization):
		return "something on the way takes the Authorization header out, or the token in " + k.config.TokenFile + " has a form that the collector doesn't know"
	case r.is(codeInvalidToken):
		return "the collector doesn't know the token in " + k.config.TokenFile + ": write one of its tokens there, or check that url leads to the right stack"
	}
	return "check the token in " + k.config.TokenFile + " and that nothing on the way asks for a login of its own"
}

// ackGood asks for an acknowledgement that nobody waits for.
func (k *check) ackGood(ctx context.Context) bool {
	if !k.config.Ack {
		return true
	}
	token, err := k.token.Get()
	if err != nil {
		k.Problem("token", "correct token_file", "%v", err)
		return false
	}
	channel := uuid.NewString()
	r, err := k.call(ctx, "/ack?channel="+channel, token, channel, []byte(`{"acks":[0]}`), false)
	switch {
	case err != nil:
		return k.broken("ack", err)
	case r.is(codeAckOff):
		k.Problem("ack", "turn on indexer acknowledgement for the token, or set ack to false (the promise is then \"accepted\")", "%s", r)
		return false
	case r.status != http.StatusOK:
		k.Problem("ack", r.advice(), "ask for an acknowledgement: %s", r)
		return false
	}
	k.OK("ack", "the token has indexer acknowledgement")
	return true
}

// send sends the test event, and waits for its acknowledgement if there are any.
func (k *check) send(ctx context.Context, test *enrich.Event) {
	token, err := k.token.Get()
	if err != nil {
		k.Problem("token", "correct token_file", "%v", err)
		return
	}
	text, err := k.encoder.append(nil, test, headers{})
	if err != nil {
		k.Problem("send", "report this", "write the test event: %v", err)
		return
	}
	begin := time.Now()
	r, err := k.post(ctx, token, k.bodies.Pack(text, k.config.Gzip).Bytes())
	took := time.Since(begin).Round(time.Millisecond)
	where := "the token's default index"
	if k.config.Index != "" {
		where = "index " + k.config.Index
	}
	switch {
	case err != nil && r.verdict() == delivered:
		k.Problem("ack", "are the indexers behind? does the load balancer lead one client always to the same node?", "the event was taken, but: %v", err)
	case err != nil:
		k.broken("send", err)
	case r.verdict() == delivered:
		k.OK("send", "test event %s is %s in %v, in %s", test.ID, promise(k.ack.Load()), took, where)
	case r.is(codeWrongIndex):
		k.Problem("index", fmt.Sprintf("make %s, add it to the token's allowed indexes, or correct index", where), "%s: the token may not write to %s", r, where)
	default:
		k.Problem("send", r.advice(), "%s", r)
	}
}
