package splunkhec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// post sends one request to one collector after the other, until one says something about the events, and returns the
// last reply; with acknowledgement, once the indexers acknowledged. A collector that refuses the token doesn't speak for the
// others, which may know it. An error means that nothing is known about the events.
func (s *Sink) post(ctx context.Context, token string, packed []byte) (r reply, err error) {
	for _, c := range s.collectors.order(time.Now()) {
		r, err = s.postTo(ctx, c, token, packed)
		if ctx.Err() != nil {
			return r, err
		}
		worked := err == nil && r.verdict() != busy && r.verdict() != failed && r.verdict() != denied && r.verdict() != stranger
		s.collectors.note(c, worked, time.Now())
		if worked {
			break
		}
	}
	return r, err
}

// postTo sends one request to one collector. A token that wants acknowledgement gets it, whatever is configured: that is
// the stronger promise, and without it the collector takes nothing.
func (s *Sink) postTo(ctx context.Context, c *collector, token string, packed []byte) (reply, error) {
	if known, err := s.proved(ctx, c, time.Now()); known != nil {
		return *known, err
	}
	r, err := s.postOnce(ctx, c, token, packed)
	if err == nil && r.verdict() == stranger {
		c.doubt(r)
	}
	if err == nil && r.verdict() == misfit && r.is(codeNoChannel, codeBadChannel) {
		s.ack.Store(true)
		return s.postOnce(ctx, c, token, packed)
	}
	return r, err
}

func (s *Sink) postOnce(ctx context.Context, c *collector, token string, packed []byte) (reply, error) {
	if !s.ack.Load() {
		return s.enter(ctx, c, token, "", packed)
	}
	on := c.channels.take()
	r, err := s.enter(ctx, c, token, on.id, packed)
	switch {
	case err == nil && r.verdict() == delivered:
		err = s.acknowledged(ctx, c.base, on, token, r)
	case !r.refused(): // whether the request got an id isn't known
		on.retire()
	}
	if err != nil {
		on.retire()
	}
	c.channels.give(on)
	return r, err
}

// enter posts events as soon as the collector can take them.
func (s *Sink) enter(ctx context.Context, c *collector, token, channel string, packed []byte) (reply, error) {
	round, err := s.flow.enter(ctx)
	if err != nil {
		return reply{}, err
	}
	r, err := s.callAt(ctx, c.base+"/event", token, channel, packed, s.config.Gzip)
	o := neutral
	switch {
	case err == nil && r.verdict() == busy, errors.Is(err, context.DeadlineExceeded):
		o = overloaded
	case err == nil && r.verdict() == delivered && !r.nearFull():
		o = worked
	}
	s.flow.leave(round, o)
	r.from = c.name
	return r, err
}

// call posts to a path below the first collector's and reads the reply.
func (s *Sink) call(ctx context.Context, path, token, channel string, packed []byte, zipped bool) (reply, error) {
	return s.callAt(ctx, s.base+path, token, channel, packed, zipped)
}

// callAt posts to a URL and reads the reply.
func (s *Sink) callAt(ctx context.Context, url, token, channel string, packed []byte, zipped bool) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(packed))
	if err != nil {
		return reply{}, fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Authorization", "Splunk "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "riskrelay")
	if zipped {
		request.Header.Set("Content-Encoding", "gzip")
	}
	if channel != "" {
		request.Header.Set("X-Splunk-Request-Channel", channel)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	return s.read(response)
}
