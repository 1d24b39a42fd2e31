package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

const (
	maxPageBytes = 32 << 20 // a page of 999 applications with many credentials and addresses has a few MB
	connections  = 2
	tryTimeout   = 2 * time.Minute // for one request with its answer
	bodyTries    = 3               // how often a page is asked for whose answer is no JSON
)

// retries say when azcore asks again: for 408, 429 and 5xx, after the time that the service names. A service that names a
// longer one than MaxRetryDelay is left alone, and the caller is told.
func retries() policy.RetryOptions {
	return policy.RetryOptions{MaxRetries: 4, RetryDelay: time.Second, MaxRetryDelay: 10 * time.Minute, TryTimeout: tryTimeout}
}

// Client asks one tenant's Microsoft Graph. Its methods may be called at the same time.
type Client struct {
	config    Config
	transport *azure.Transport
	retry     policy.RetryOptions
	refused   azure.Refused
	log       logrus.FieldLogger
	fetch     func(ctx context.Context, address string) (page, error) // page, but for tests

	mu    sync.Mutex
	pipe  *runtime.Pipeline // nil until the next request
	stamp string            // the credential's files when pipe was made
}

// New returns a client. Credentials are read with the first request, and again when their files change. Log is told of
// collections that don't seem to end. The error is about the configuration or its certificates.
func New(c Config, log logrus.FieldLogger) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	transport, err := azure.NewTransport(c.CAFile, connections, maxPageBytes, c.Credential.Secrets)
	if err != nil {
		return nil, err
	}
	client := &Client{config: c, transport: transport, retry: retries(), log: log}
	client.fetch = client.page
	return client, nil
}

// Close ends idle connections.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// connect returns azcore's pipeline, a new one after forget and when the credential's files have changed.
func (c *Client) connect() (*runtime.Pipeline, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := c.config.Credential.Stamp()
	if c.pipe != nil && stamp == c.stamp {
		return c.pipe, nil
	}
	options := azcore.ClientOptions{
		Cloud: azure.Clouds()[c.config.Cloud], Transport: c.transport, Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	credential, err := c.refused.NewCredential(c.config.Credential, options)
	if err != nil {
		return nil, fmt.Errorf("prepare the credential: %w", err)
	}
	options.Retry = c.retry
	options.PerRetryPolicies = []policy.Policy{&c.refused}
	pipe := runtime.NewPipeline("riskrelay", "", runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(credential, []string{c.config.scope()}, nil)},
	}, &options)
	c.pipe, c.stamp = &pipe, stamp
	return c.pipe, nil
}

// forget drops the pipeline and with it every token.
func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe = nil
}

// page is one answer of a collection.
// https://learn.microsoft.com/graph/paging
type page struct {
	Value []json.RawMessage `json:"value"`
	Next  string            `json:"@odata.nextLink"`
	Delta string            `json:"@odata.deltaLink"`
}

// errBroken says that an answer isn't JSON, or only the beginning of it. Asking again may help, and does no harm.
var errBroken = errors.New("the answer is no JSON")

// page gets one page. An answer that is no JSON is asked for again; one that breaks off is azcore's business.
func (c *Client) page(ctx context.Context, address string) (page, error) {
	for try := 1; ; try++ {
		var p page
		err := c.get(ctx, address, &p)
		if err == nil || !errors.Is(err, errBroken) || try == bodyTries {
			return p, err
		}
		if err := backoff.Sleep(ctx, c.retry.RetryDelay*time.Duration(try)); err != nil {
			return p, err
		}
	}
}

// get is one request, or two when the first one's token was refused: it may have been revoked.
func (c *Client) get(ctx context.Context, address string, into any) error {
	err := c.once(ctx, address, into)
	if refused := new(Error); errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		c.forget()
		if err = c.once(ctx, address, into); errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
			refused.Advice = c.refused.Advice()
		}
	}
	return err
}

func (c *Client) once(ctx context.Context, address string, into any) error {
	pipe, err := c.connect()
	if err != nil {
		return err
	}
	req, err := runtime.NewRequest(ctx, http.MethodGet, address)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	resp, err := pipe.Do(req) //nolint:bodyclose // the pipeline reads and closes it
	switch token := azure.TokenError(err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case token != nil:
		c.forget() // a person may be about to mend it
		return token
	case errors.Is(err, azure.ErrTooLong):
		return fmt.Errorf("read a page of more than %d bytes: %w", maxPageBytes, err)
	case err != nil:
		return err
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return serviceError(resp, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return nil
}
