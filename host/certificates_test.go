package host

import (
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// TestWarnExpiring holds that a certificate is logged from 14 days before its end on, once a day, and again when it was renewed for
// too short.
func TestWarnExpiring(t *testing.T) {
	log, hook := test.NewNullLogger()
	begin, logged := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), map[string]time.Time{}
	one := admin.Certificate{Of: "sink splunk", Whose: "receiver", Subject: "splunk.example.com", Expires: begin.Add(20 * 24 * time.Hour)}
	for day := range 22 {
		for range 3 {
			warnExpiring(log, begin.Add(time.Duration(day)*24*time.Hour), []admin.Certificate{one}, logged)
		}
	}
	one.Expires = begin.Add(23 * 24 * time.Hour)
	warnExpiring(log, begin.Add(21*24*time.Hour), []admin.Certificate{one}, logged)
	all := hook.AllEntries()
	if len(all) != 17 || !strings.Contains(all[0].Message, "the receiver's certificate of sink splunk expires in 14 days") ||
		!strings.Contains(all[14].Message, "has expired") || !strings.Contains(all[16].Message, "expires in 2 days") {
		t.Errorf("%d lines: first %q, %q, last %q", len(all), all[0].Message, all[min(14, len(all)-1)].Message, all[len(all)-1].Message)
	}
}

// TestCertificatesAreShown holds that a host logs and shows both certificates of a sink whose connection it made.
func TestCertificatesAreShown(t *testing.T) {
	r, err := endpointtest.NewRotation(t.TempDir(), "relay01")
	if err != nil {
		t.Fatal(err)
	}
	server, err := syslogtest.Start(syslogtest.Config{TLS: r.Server()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, logged := replay(t), make(messages, 1000)
	archive := config.Syslog{Name: "archive", Config: syslog.Defaults()}
	archive.Config.Receiver = "generic"
	archive.Config.Address, archive.Config.CAFile, archive.Config.CertFile, archive.Config.KeyFile, archive.Config.Grace = server.Addr, r.CAFile, r.CertFile, r.KeyFile, time.Millisecond
	c.Sinks.Syslog, c.Metrics.Listen = append(c.Sinks.Syslog, archive), ""
	log := quietLog()
	log.AddHook(logged)
	h, err := New(t.Context(), c, Options{Log: log, Once: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := ask(t, c).Expiring
	if len(all) != 2 || all[0].Of != "sink archive" || all[0].Whose != "client" || all[0].Subject != "relay01" || all[1].Whose != "receiver" {
		t.Errorf("certificates: %+v", all)
	}
	for len(logged) > 0 { // the client's own is known from the start
		if strings.Contains(<-logged, "the certificate that it shows of sink archive expires in 0 days") {
			return
		}
	}
	t.Error("the certificate that ends soon wasn't logged")
}
