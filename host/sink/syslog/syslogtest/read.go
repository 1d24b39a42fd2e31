package syslogtest

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"

	"github.com/leodido/go-syslog/v4/rfc5424"
)

// serve reads one connection's messages until it ends or is to be cut.
func (s *Server) serve(conn net.Conn) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
		conn.Close()
		s.progress(conn, ended)
	}()
	stream := net.Conn(&watched{Conn: conn, server: s})
	if s.config.TLS != nil {
		secured := tls.Server(stream, s.config.TLS)
		defer secured.Close()
		stream = secured
	}
	in := bufio.NewReaderSize(stream, 64<<10)
	for {
		message, err := s.next(in)
		if err != nil {
			if errors.Is(err, errFrame) {
				s.complain(err)
			}
			return
		}
		if s.config.Refuse != nil && s.config.Refuse(message) || s.take(message) {
			reset(conn)
			return
		}
	}
}

var errFrame = errors.New("malformed frame")

const maxMessage = 16 << 20

// next reads one message out of its frame.
func (s *Server) next(in *bufio.Reader) ([]byte, error) {
	if s.config.LF {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		return line[:len(line)-1], nil
	}
	digits, err := in.ReadString(' ')
	if err != nil {
		return nil, err
	}
	length, err := strconv.ParseUint(digits[:len(digits)-1], 10, 32)
	if err != nil || length == 0 || length > maxMessage || digits[0] == '0' || digits[0] == '+' {
		return nil, fmt.Errorf("%w: %.40q is no length (RFC 6587, 3.4.1)", errFrame, digits)
	}
	message := make([]byte, length)
	_, err = io.ReadFull(in, message)
	return message, err
}

// take records one message and reports whether the connection is to be cut.
func (s *Server) take(message []byte) (cut bool) {
	id, text, err := s.parse(message)
	if err != nil {
		s.complain(fmt.Errorf("%w in %.200q", err, message))
	} else {
		s.Events.Add(id, text)
	}
	s.mu.Lock()
	s.messages++
	n := s.messages
	s.mu.Unlock()
	return s.config.Cut != nil && s.config.Cut(n)
}

// parse returns the id and the text of a message. The text is checked to be JSON with the same id.
func (s *Server) parse(message []byte) (id string, text []byte, err error) {
	switch {
	case s.config.CEF:
		id, text, err = recordText(ParseCEF, message, "cs6")
	case s.config.LEEF:
		id, text, err = recordText(ParseLEEF, message, "event")
	case s.config.RFC3164:
		text, err = text3164(message)
	default:
		id, text, err = parse5424(message)
	}
	if err != nil {
		return "", nil, err
	}
	var event struct {
		ID string `json:"event_id"`
	}
	if err := json.Unmarshal(text, &event); err != nil {
		return "", nil, fmt.Errorf("text is not JSON: %w", err)
	}
	if id != "" && id != event.ID {
		return "", nil, fmt.Errorf("the header says event %q, the text %q", id, event.ID)
	}
	return event.ID, text, nil
}

// recordText returns the event's id and the whole event, which stands under key.
func recordText(parse func([]byte) (Record, error), message []byte, key string) (id string, text []byte, err error) {
	r, err := parse(message)
	return r.Fields["externalId"], []byte(r.Fields[key]), err
}

func parse5424(message []byte) (id string, text []byte, err error) {
	parsed, err := rfc5424.NewParser().Parse(message)
	if err != nil {
		return "", nil, err
	}
	m, ok := parsed.(*rfc5424.SyslogMessage)
	if !ok || m.Message == nil || m.StructuredData == nil {
		return "", nil, errors.New("no structured data or no text")
	}
	for _, params := range *m.StructuredData {
		id = params["event_id"]
	}
	return id, []byte(*m.Message), nil
}

// header3164 is a header of RFC 3164 with its priority and tag.
var header3164 = regexp.MustCompile(timeAndHost + `[!-9;-~]{1,32}: `)

// text3164 returns what follows the header.
func text3164(message []byte) ([]byte, error) {
	at := header3164.FindSubmatchIndex(message)
	if at == nil {
		return nil, errors.New("no header of RFC 3164")
	}
	if priority, err := strconv.Atoi(string(message[at[2]:at[3]])); err != nil || priority > 191 {
		return nil, errors.New("priority above 191")
	}
	return message[at[1]:], nil
}
