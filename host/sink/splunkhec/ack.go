package splunkhec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// channels are the channels of one collector that no request uses.
type channels struct {
	mu   sync.Mutex
	list []*channel
}

// take returns a channel that nobody else uses until it is given back.
func (c *channels) take() *channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.list); n > 0 {
		last := c.list[n-1]
		c.list = c.list[:n-1]
		return last
	}
	return newChannel(uuid.NewString())
}

// give takes a channel back if it may be used again.
func (c *channels) give(used *channel) {
	if !used.free() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, used)
}

// polling is how long to wait between two questions for an acknowledgement.
func polling() backoff.Policy {
	return backoff.Policy{Min: 50 * time.Millisecond, Max: 5 * time.Second}
}

var errNoAckID = errors.New("the collector gave no acknowledgement id: turn useACK on for the token, or set ack to false")

// acknowledged waits until the indexers have acknowledged the request that r answered.
func (s *Sink) acknowledged(ctx context.Context, base string, c *channel, token string, r reply) error {
	if err := c.posted(r.AckID); err != nil {
		return err
	}
	end := time.Now().Add(s.config.AckTimeout)
	for asked := 0; ; asked++ {
		done, err := s.askAck(ctx, base, c, token)
		if done || err != nil {
			return err
		}
		pause := polling().After(asked)
		if time.Now().Add(pause).After(end) {
			return fmt.Errorf("not acknowledged within %v: is the load balancer sticky?", s.config.AckTimeout)
		}
		if err := backoff.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// askAck asks once.
func (s *Sink) askAck(ctx context.Context, base string, c *channel, token string) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	question := bytes.NewReader(fmt.Appendf(nil, `{"acks":[%d]}`, c.last))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/ack?channel="+c.id, question)
	if err != nil {
		return false, fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Authorization", "Splunk "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Splunk-Request-Channel", c.id)
	return c.answered(s.ackAnswer(request))
}

// ackAnswer is what is answered to a question. A cut connection says neither yes nor no: a later question, or the time limit, decides.
func (s *Sink) ackAnswer(request *http.Request) ackAnswer {
	response, err := s.client.Do(request)
	if err != nil {
		return ackAnswer{silent: true}
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return ackAnswer{silent: true}
	}
	return readAckAnswer(response.StatusCode, body)
}
