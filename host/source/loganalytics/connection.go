package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/azquery"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const (
	// maxWait is the longest that the service works on a query.
	// https://learn.microsoft.com/azure/azure-monitor/logs/api/timeouts
	maxWait = 10 * time.Minute
	// grace is how much longer than the service's own limit the start of an answer is waited for.
	grace = 30 * time.Second
	// longestStall is how long the body may take for the next leastProgress bytes, and longestBody for all, so that one that
	// trickles doesn't hold a place for days: it is asked for again, behind the rows that came. In longestBody at least a batch
	// of rows comes, or the body stalls. Time in which the receiver is busy doesn't count.
	longestStall  = time.Minute
	leastProgress = 64 << 10
	longestBody   = 30 * time.Minute
	// maxReply is more than the service sends: it stops at about 100 MiB.
	maxReply = 128 << 20
)

var (
	errSlow    = errors.New("the service didn't answer in time")
	errStalled = errors.New("the reply stood still, or trickled, for too long")
)

// connection asks one workspace. It is shared by all tables.
type connection struct {
	workspace  string
	cloud      cloud.Configuration
	credential azure.Credential
	transport  policy.Transporter
	wait       time.Duration // how long the service may work on a query
	stall      time.Duration // how long a body may stand still
	limit      *limiter
	clock      *clock
	refused    azure.Refused

	mu       sync.Mutex
	client   *azquery.LogsClient // nil until the next query
	stamp    string              // the credential's files when client was made
	refusals int                 // in a row
}

func newConnection(c Config) (*connection, error) {
	transport, err := azure.NewTransport(c.CAFile, maxQueries, maxReply, c.Credential.Secrets)
	if err != nil {
		return nil, err
	}
	return &connection{
		workspace: c.Workspace, cloud: c.configuration(), credential: c.Credential, transport: transport,
		wait: c.Timeout, stall: longestStall, limit: newLimiter(c.requests(), c.queries()), clock: new(clock),
	}, nil
}

// configuration is the cloud with the endpoint and audience of c.
func (c *Config) configuration() cloud.Configuration {
	known := azure.Clouds()[c.Cloud]
	logs := known.Services[azquery.ServiceNameLogs]
	if c.Endpoint != "" {
		logs.Endpoint = strings.TrimRight(c.Endpoint, "/")
		if u, err := url.Parse(logs.Endpoint); err == nil && u.Path == "" {
			logs.Endpoint += "/v1"
		}
	}
	if c.Audience != "" {
		logs.Audience = strings.TrimRight(c.Audience, "/")
	}
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: known.ActiveDirectoryAuthorityHost,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{azquery.ServiceNameLogs: logs},
	}
}

// connect returns the client, a new one after forget and when the credential's files have changed.
func (c *connection) connect() (*azquery.LogsClient, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := c.credential.Stamp()
	if c.client != nil && stamp == c.stamp {
		return c.client, nil
	}
	options := azcore.ClientOptions{
		Cloud: c.cloud, Transport: c.transport, Telemetry: policy.TelemetryOptions{ApplicationID: "riskrelay"},
	}
	credential, err := c.refused.NewCredential(c.credential, options)
	if err != nil {
		return nil, fmt.Errorf("prepare the credential: %w", err)
	}
	// The pipeline decides about retries. azcore's would be unseen, and it gives up on long Retry-Afters.
	options.Retry = policy.RetryOptions{MaxRetries: -1}
	options.PerCallPolicies = []policy.Policy{streaming{c.clock}}
	options.PerRetryPolicies = []policy.Policy{&c.refused}
	client, err := azquery.NewLogsClient(credential, &azquery.LogsClientOptions{ClientOptions: options})
	if err != nil {
		return nil, fmt.Errorf("prepare the client: %w", err)
	}
	c.client, c.stamp = client, stamp
	return client, nil
}

// forget drops the client and with it every token.
func (c *connection) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client = nil
}

// Query asks kql and hands the rows to to while they arrive. A nil error means that the reply was whole or says in
// outcome what is missing. Errors of the service are *ServiceError, often in a *pipeline.RetryAfter; an error of the
// receiver comes back as it is.
func (c *connection) Query(ctx context.Context, kql string, to rowReceiver) (outcome, error) {
	result, err := c.once(ctx, kql, to)
	if service := new(ServiceError); errors.As(err, &service) && service.Status == http.StatusUnauthorized {
		c.forget() // the token was revoked or the directory's keys have changed: once more with a new one
		if result, err = c.once(ctx, kql, to); errors.As(err, &service) && service.Status == http.StatusUnauthorized {
			service.Advice = c.refused.Advice()
		}
	}
	if err != nil && ctx.Err() == nil {
		err = c.pace(err)
	}
	return result, err
}

// once is one request.
func (c *connection) once(ctx context.Context, kql string, to rowReceiver) (outcome, error) {
	release, err := c.limit.acquire(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer release()
	client, err := c.connect()
	if err != nil {
		return outcome{}, &credentialError{err}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slow := time.AfterFunc(c.wait+grace, func() { cancel(errSlow) })
	defer slow.Stop()
	x := &exchange{to: to, cancel: cancel, stall: c.stall, answered: func() { slow.Stop(); release() }}

	seconds := int(c.wait / time.Second)
	_, err = client.QueryWorkspace(context.WithValue(ctx, exchangeKey{}, x), c.workspace,
		azquery.Body{Query: &kql}, &azquery.LogsClientQueryWorkspaceOptions{Options: &azquery.LogsQueryOptions{Wait: &seconds}})
	return x.outcome, x.verdict(ctx, err)
}

// credentialError is a failure to get a token: nothing was asked yet.
type credentialError struct{ error }

func (e *credentialError) Unwrap() error { return e.error }

// verdict makes one error of what azquery and the exchange say.
func (x *exchange) verdict(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSlow) || errors.Is(cause, errStalled) {
		return cause
	}
	if x.err != nil || x.done {
		return x.err
	}
	if response := new(azcore.ResponseError); errors.As(err, &response) {
		return serviceError(response)
	}
	if token := azure.TokenError(err); token != nil {
		return &credentialError{token}
	}
	if err == nil {
		return errEmpty // azquery found nothing wrong with a reply that nobody read
	}
	return err
}

// pace says how long to wait after err, where the service or reason tells.
func (c *connection) pace(err error) error {
	service := new(ServiceError)
	switch isService := errors.As(err, &service); {
	case !isService && !errors.As(err, new(*credentialError)):
		return err
	case isService && service.Status == http.StatusTooManyRequests:
		wait := service.wait
		if wait == 0 {
			wait = throttlePause
		}
		c.limit.hold(wait)
		return &pipeline.RetryAfter{Wait: wait, Err: err}
	case isService && service.Status >= http.StatusInternalServerError:
		if service.wait > 0 {
			return &pipeline.RetryAfter{Wait: service.wait, Err: err}
		}
		return err
	}
	c.forget() // a person may be about to mend it
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals++
	return &pipeline.RetryAfter{Wait: refusal().After(c.refusals - 1), Err: err}
}

// succeeded ends a row of refusals.
func (c *connection) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals = 0
}

// exchange is one query on its way through azquery's pipeline: azquery knows nothing of it.
type exchange struct {
	to       rowReceiver
	answered func() // to be called once the headers are there
	cancel   context.CancelCauseFunc
	stall    time.Duration
	outcome  outcome
	err      error
	done     bool // the body was read
}

type exchangeKey struct{}

// streaming is the policy that takes the body of a 200 away from the SDK, which would keep it whole in memory, and
// leaves it a small empty one. It stands above the retry policy: below it a broken body would be asked for again and
// its rows would come twice.
type streaming struct{ clock *clock }

// Do implements policy.Policy.
func (p streaming) Do(req *policy.Request) (*http.Response, error) {
	// The service answers the same query from a cache for two minutes.
	// https://learn.microsoft.com/azure/azure-monitor/logs/api/cache
	req.Raw().Header.Set("Cache-Control", "no-cache")
	runtime.SkipBodyDownload(req)
	resp, err := req.Next()
	if err != nil {
		return resp, err
	}
	if resp.StatusCode < http.StatusBadRequest { // refusals may come from something on the way
		p.clock.set(resp.Header)
	}
	x, ok := req.Raw().Context().Value(exchangeKey{}).(*exchange)
	if !ok || resp.StatusCode != http.StatusOK {
		return resp, nil
	}
	x.answered()
	x.outcome, x.err = readReply(&watched{body: resp.Body, stall: x.stall, cancel: x.cancel}, x.to)
	x.done = true
	resp.Body.Close() //nolint:errcheck // readReply has seen its end, or it is of no use
	resp.Body = io.NopCloser(strings.NewReader(`{"tables":[]}`))
	return resp, nil
}

// watched ends a query whose body stands still or trickles.
type watched struct {
	body   io.Reader
	stall  time.Duration
	cancel context.CancelCauseFunc

	waited time.Duration // since there was progress
	got    int           // bytes since then
	all    time.Duration // waited
}

// Read reads from the body.
func (w *watched) Read(p []byte) (int, error) {
	left := min(w.stall-w.waited, longestBody-w.all)
	timer, begin := time.AfterFunc(left, func() { w.cancel(errStalled) }), time.Now()
	defer timer.Stop()
	n, err := w.body.Read(p)
	took := time.Since(begin)
	w.waited, w.all, w.got = w.waited+took, w.all+took, w.got+n
	if w.got >= leastProgress {
		w.waited, w.got = 0, 0
	}
	return n, err
}
