package splunkhec

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// gzipLevel is where more effort stops paying: level 2 makes bodies 11 % smaller than level 1 for 2 % more time.
const gzipLevel = 2

// body is a request's body and what makes it; both are used again.
type body struct {
	bytes.Buffer
	zip *gzip.Writer
}

func newBody() any {
	b := new(body)
	b.zip, _ = gzip.NewWriterLevel(&b.Buffer, gzipLevel) // fails only for an unknown level
	return b
}

// compress returns a body that holds plain, compressed if so configured.
func (s *Sink) compress(plain []byte) *body {
	b := s.bodies.Get().(*body)
	b.Reset()
	if !s.config.Gzip {
		b.Write(plain)
		return b
	}
	b.zip.Reset(&b.Buffer)
	_, _ = b.zip.Write(plain) // a bytes.Buffer takes everything
	_ = b.zip.Close()
	return b
}

// post sends one request and returns the reply; with acknowledgement, once the indexers acknowledged. An error means
// that nothing is known about the events.
func (s *Sink) post(ctx context.Context, token string, packed []byte) (reply, error) {
	if !s.config.Ack {
		return s.call(ctx, "/event", token, "", packed, s.config.Gzip)
	}
	c := s.channels.take()
	r, err := s.call(ctx, "/event", token, c.id, packed, s.config.Gzip)
	if err == nil && r.verdict() == delivered {
		err = s.acknowledged(ctx, c, token, r)
	}
	if err == nil {
		s.channels.give(c)
	}
	return r, err
}

// call posts to a path below the collector's and reads the reply.
func (s *Sink) call(ctx context.Context, path, token, channel string, packed []byte, zipped bool) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(packed))
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
	r, err := readReply(response)
	r.Text = strings.ReplaceAll(r.Text, token, "***") // some proxies repeat what they were sent
	return r, err
}
