package sumologic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// request posts lines of a table, once more if the source's address turns out to have changed. Sent is the size of the
// request's body. An error means that nothing is known about the events.
func (s *Sink) request(ctx context.Context, table string, lines []byte) (r reply, sent int, err error) {
	packed := s.bodies.Pack(lines, s.config.Gzip)
	defer s.bodies.Put(packed)
	ctx = packed.Lend(ctx)
	for try := 1; ; try++ {
		address, err := s.address()
		if err != nil {
			return r, 0, err
		}
		if r, err = s.post(ctx, address, table, packed.Bytes()); err != nil {
			return r, 0, err
		}
		if r.verdict() == denied && try == 1 {
			changed, err := s.url.Reread(address)
			if err != nil {
				return r, 0, err
			}
			if changed {
				continue
			}
		}
		return r, packed.Len(), nil
	}
}

// post sends one request and reads the reply.
// https://www.sumologic.com/help/docs/send-data/hosted-collectors/http-source/logs-metrics/upload-logs/
func (s *Sink) post(ctx context.Context, address, table string, packed []byte) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(packed))
	if err != nil {
		return reply{}, errors.New("make the request: url_file holds no address") // err repeats it
	}
	set := func(name, value string) {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	set("Content-Type", "application/json")
	set("User-Agent", "riskrelay")
	set("X-Sumo-Category", forTable(s.config.Category, table))
	set("X-Sumo-Host", s.host)
	set("X-Sumo-Name", forTable(s.config.Name, table))
	set("X-Sumo-Fields", s.fields)
	if s.config.Gzip {
		set("Content-Encoding", "gzip")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, fmt.Errorf("post to %s: %w", request.URL.Host, withoutURL(err))
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	return readReply(response)
}

// withoutURL is an error of an HTTP client without the address, which is a secret.
func withoutURL(err error) error {
	if located := new(url.Error); errors.As(err, &located) {
		return located.Err
	}
	return err
}
