package peer

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

func goSyslog5424(t testing.TB) *Reader {
	return goSyslog(t, octetcounting.NewParser, func(m syslog.Message) Seen {
		message, ok := m.(*rfc5424.SyslogMessage)
		if !ok {
			return Seen{}
		}
		seen := base(&message.Base)
		if message.StructuredData != nil {
			for id, parameters := range *message.StructuredData {
				seen.parameters(id, parameters)
			}
		}
		return seen
	})
}

func goSyslog3164(t testing.TB) *Reader {
	return goSyslog(t, octetcounting.NewParserRFC3164, func(m syslog.Message) Seen {
		message, ok := m.(*rfc3164.SyslogMessage)
		if !ok {
			return Seen{}
		}
		return base(&message.Base)
	})
}

func goSyslog(t testing.TB, parser func(...syslog.ParserOption) syslog.Parser, name func(syslog.Message) Seen) *Reader {
	l := listen(t)
	return &Reader{Version: moduleVersion(t, "github.com/leodido/go-syslog/v4"), Address: l.Addr().String(), Read: func(int) (all []Seen) {
		listener := func(r *syslog.Result) {
			if r.Error != nil {
				t.Errorf("go-syslog: %v", r.Error)
			}
			if r.Message != nil {
				all = append(all, name(r.Message))
			}
		}
		parser(syslog.WithListener(listener)).Parse(bytes.NewReader(l.all()))
		return all
	}}
}

// base names what RFC 5424 and RFC 3164 have in common.
func base(b *syslog.Base) Seen {
	seen := Seen{}
	for name, value := range map[string]*string{"host": b.Hostname, "app": b.Appname, "procid": b.ProcID, "msgid": b.MsgID, "message": b.Message} {
		if value != nil {
			seen[name] = *value
		}
	}
	for name, value := range map[string]*uint8{"facility": b.Facility, "severity": b.Severity} {
		if value != nil {
			seen[name] = strconv.Itoa(int(*value))
		}
	}
	if b.Timestamp != nil {
		seen["time"] = b.Timestamp.Format(time.RFC3339Nano)
	}
	return seen
}
