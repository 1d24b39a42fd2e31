package splunkhec

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// channel is a client's name towards the collector under which acknowledgement ids count. One request at a time uses
// a channel: then an id can only be about that request, even if the collector restarted and counts from 0 again.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/AboutHECIDXAck
type channel struct {
	id   string
	last int64 // the highest id seen, -1 before the first
}

// channels are the channels that no request uses. One whose request failed is not given back.
type channels struct {
	mu   sync.Mutex
	free []*channel
}

func (c *channels) take() *channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		last := c.free[n-1]
		c.free = c.free[:n-1]
		return last
	}
	return &channel{id: newGUID(), last: -1}
}

func (c *channels) give(used *channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, used)
}

// newGUID is a random GUID (RFC 9562, version 4).
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// The first and the longest pause between two questions for an acknowledgement.
const (
	firstPoll = 50 * time.Millisecond
	maxPoll   = 5 * time.Second
)

var errNoAckID = errors.New("the collector gave no acknowledgement id: turn useACK on for the token, or set ack to false")

// acknowledged waits until the indexers have acknowledged the request that r answered.
func (s *Sink) acknowledged(ctx context.Context, c *channel, token string, r reply) error {
	if r.AckID == nil {
		return errNoAckID
	}
	id := *r.AckID
	if id <= c.last {
		return fmt.Errorf("acknowledgement id %d came again: the collector restarted", id)
	}
	c.last = id
	end := time.Now().Add(s.config.AckTimeout)
	for pause := firstPoll; ; pause = min(2*pause, maxPoll) {
		done, err := s.askAck(ctx, c, token, id)
		if done || err != nil {
			return err
		}
		if time.Now().Add(pause).After(end) {
			return fmt.Errorf("not acknowledged within %v: is the load balancer sticky?", s.config.AckTimeout)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// askAck asks once. A collector that is busy or can't be reached has said neither yes nor no.
func (s *Sink) askAck(ctx context.Context, c *channel, token string, id int64) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	url := s.base + "/ack?channel=" + c.id
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(fmt.Appendf(nil, `{"acks":[%d]}`, id)))
	if err != nil {
		return false, fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Authorization", "Splunk "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Splunk-Request-Channel", c.id)
	response, err := s.client.Do(request)
	if err != nil {
		return false, nil // a later question, or the time limit, decides
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500 {
		return false, nil
	}
	var answer struct {
		Acks map[string]bool `json:"acks"`
	}
	err = json.NewDecoder(http.MaxBytesReader(nil, response.Body, maxReply)).Decode(&answer)
	if response.StatusCode != http.StatusOK || err != nil {
		return false, fmt.Errorf("ask for acknowledgement: answered HTTP %d, not as a collector does", response.StatusCode)
	}
	return answer.Acks[fmt.Sprint(id)], nil
}
