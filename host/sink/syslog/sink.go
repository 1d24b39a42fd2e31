// Package syslog sends events as syslog messages over TLS, TCP or UDP. Read sink.go, then conn.go for what it takes
// before an event counts as received, apart.go for events that a receiver doesn't survive, and encode.go for the messages.
package syslog

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Sink sends to one receiver over one connection, which it opens when needed. Sends write one after the other, but
// wait for their confirmation side by side: the more of them run, the less the wait costs.
type Sink struct {
	config  Config
	encoder *encoder
	strikes strikes

	turn   chan struct{} // holds a token while somebody writes
	conn   *conn         // of whoever has the turn; nil before the first
	frames []byte        // likewise
	udp    net.Conn
	// udpOpened is when udp was opened.
	udpOpened time.Time

	attend       attend
	certificates endpoint.Certificates
	retiring     sync.WaitGroup // connections that are replaced and still wait for confirmations
}

// New returns a sink for a valid configuration. It reads the certificate files once, so that a missing one shows at
// the start, and connects to nothing.
func New(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sink{config: c, encoder: newEncoder(c), turn: make(chan struct{}, 1)}
	if _, err := s.tls().Config(); err != nil {
		return nil, err
	}
	return s, nil
}

// Send writes events, one message each. It implements pipeline.Sink.
func (s *Sink) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	if len(events) == 0 {
		return pipeline.Receipt{Promise: s.config.promise()}, nil
	}
	if s.config.Network == UDP {
		return s.sendDatagrams(ctx, events)
	}
	id := events[0].ID
	send := s.deliver
	if s.strikes.out(id) {
		send = s.deliverApart
	}
	sent, odd, err := send(ctx, events)
	if s.strikes.note(id, err); err != nil {
		return pipeline.Receipt{}, s.explain(err)
	}
	return s.receipt(len(events), sent, odd)
}

// oddities are the events of a Send that don't go out as they are.
type oddities struct {
	rejected  []pipeline.Rejection
	shortened []int
}

// encodeAll appends the frames of all events. Ends are where each event's frame ends; that of a rejected event is empty.
func (s *Sink) encodeAll(dst []byte, events []enrich.Event) (frames []byte, ends []int, odd oddities) {
	ends = make([]int, len(events))
	for i := range events {
		dst = s.encode(dst, events, i, &odd)
		ends[i] = len(dst)
	}
	return dst, ends, odd
}

// cut is the frame of each event, nil where it has none.
func cut(frames []byte, ends []int) [][]byte {
	parts, start := make([][]byte, len(ends)), 0
	for i, end := range ends {
		if end > start {
			parts[i] = frames[start:end]
		}
		start = end
	}
	return parts
}

// encode appends the frame of the event at i, or notes why it has none.
func (s *Sink) encode(dst []byte, events []enrich.Event, i int, odd *oddities) []byte {
	out, how, err := s.encoder.append(dst, &events[i])
	switch {
	case err != nil:
		odd.rejected = append(odd.rejected, pipeline.Rejection{Index: i, Reason: err.Error()})
		return dst
	case how == tooLong:
		odd.rejected = append(odd.rejected, pipeline.Rejection{Index: i, Reason: fmt.Sprintf("longer than max_message (%d bytes) even when shortened", s.encoder.limit)})
		return dst
	case how == shortened:
		odd.shortened = append(odd.shortened, i)
	}
	return out
}

// deliver sends events one after the other. Sent is the number of bytes.
func (s *Sink) deliver(ctx context.Context, events []enrich.Event) (sent int64, odd oddities, err error) {
	c, place, sent, odd, err := s.write(ctx, events)
	if err != nil || sent == 0 {
		return 0, odd, err
	}
	defer c.users.Done()
	failpoint.Hit(failpoint.StreamWritten)
	return sent, odd, c.confirm(ctx, place, s.config.Grace, s.config.Timeout)
}

// deliverApart sends events of which the receiver doesn't survive one.
func (s *Sink) deliverApart(ctx context.Context, events []enrich.Event) (sent int64, odd oddities, err error) {
	frames, ends, odd := s.encodeAll(nil, events)
	refused, err := s.sendApart(ctx, events, cut(frames, ends))
	if err != nil {
		return 0, odd, err
	}
	odd.rejected = append(odd.rejected, refused...)
	slices.SortFunc(odd.rejected, func(a, b pipeline.Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return int64(len(frames)), odd, nil
}

// write waits for its turn, encodes events and writes them on a connection that lives. There is one buffer, the turn's: while
// a Send waits to be confirmed it keeps no frames. When nothing was to be sent, nothing is returned but what is odd.
func (s *Sink) write(ctx context.Context, events []enrich.Event) (c *conn, place, sent int64, odd oddities, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, 0, 0, odd, ctx.Err()
	}
	frames, _, odd := s.encodeAll(s.frames[:0], events)
	if s.frames = frames; cap(frames) > endpoint.MaxKept {
		s.frames = nil
	}
	if len(frames) == 0 {
		return nil, 0, 0, odd, nil
	}
	if err := s.connect(ctx); err != nil {
		return nil, 0, 0, odd, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	c = s.conn
	c.users.Add(1)
	place, err = c.write(ctx, frames, s.config.Timeout)
	if err != nil { // it may have broken off inside a frame: nothing can follow on this connection
		c.users.Done()
		c.drop()
		s.conn = nil
	}
	return c, place, int64(len(frames)), odd, err
}

// connect makes sure that there is a connection which the receiver hasn't closed.
func (s *Sink) connect(ctx context.Context) error {
	s.renew(ctx)
	if s.conn != nil && s.conn.end() == nil {
		return ctx.Err()
	}
	if s.conn != nil {
		s.conn.drop()
		s.conn = nil
	}
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	s.conn = c
	return nil
}

func (s *Sink) open(ctx context.Context) (*conn, error) {
	c, err := open(ctx, s.config, s.tls())
	if err == nil {
		c.attend = s.attend
	}
	return c, err
}

func (s *Sink) explain(err error) error {
	return fmt.Errorf("send syslog to %s over %s: %w", s.config.Address, s.config.Network, err)
}

func (s *Sink) receipt(events int, bytes int64, odd oddities) (pipeline.Receipt, error) {
	r := pipeline.Receipt{Events: events - len(odd.rejected), Bytes: bytes, Promise: s.config.promise(), Shortened: odd.shortened}
	if len(odd.rejected) > 0 {
		return r, &pipeline.PartialError{Rejected: odd.rejected}
	}
	return r, nil
}

// sendDatagrams writes one datagram for each event. Nobody knows what arrives.
func (s *Sink) sendDatagrams(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return pipeline.Receipt{}, ctx.Err()
	}
	var total int64
	var message []byte
	var odd oddities
	for i := range events {
		if message = s.encode(message[:0], events, i, &odd); len(message) == 0 {
			continue
		}
		if err := s.datagram(ctx, message); err != nil {
			return pipeline.Receipt{}, s.explain(err)
		}
		total += int64(len(message))
	}
	return s.receipt(len(events), total, odd)
}

// datagram sends one. An error may be about the one before: that is when it shows that nobody listens (udp(7)).
func (s *Sink) datagram(ctx context.Context, message []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.udp != nil && old(s.udpOpened) {
		s.udp.Close() //nolint:errcheck // what was written has left
		s.udp = nil
	}
	if s.udp == nil {
		c, err := endpoint.Dial(ctx, UDP, s.config.Address)
		if err != nil {
			return err
		}
		s.udp, s.udpOpened = c, time.Now()
	}
	_ = s.udp.SetWriteDeadline(time.Now().Add(s.config.Timeout)) // fails only on a closed socket, as Write will
	_, err := s.udp.Write(message)
	if err == nil {
		return nil
	}
	s.udp.Close() //nolint:errcheck // the socket is given up
	s.udp = nil
	return err
}

// Close ends the connection: it waits a few seconds for the receiver to have read everything.
func (s *Sink) Close() error {
	if s.conn != nil {
		s.conn.close()
		s.conn = nil
	}
	s.retiring.Wait()
	if s.udp != nil {
		s.udp.Close() //nolint:errcheck // the socket is given up
		s.udp = nil
	}
	return nil
}
