package syslog_test

import (
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

func TestCertificatesAreRotatedWithoutRestart(t *testing.T) {
	r, err := endpointtest.NewRotation(t.TempDir(), "first")
	if err != nil {
		t.Fatal(err)
	}
	server, c := start(t, syslogtest.Config{TLS: r.Server()})
	c.Network, c.CAFile, c.CertFile, c.KeyFile = syslog.TLS, r.CAFile, r.CertFile, r.KeyFile
	sink := newSink(t, c)
	sinktest.TestRotation(t, r, "first", sink, &server.Events)
	if all := sink.Certificates(); len(all) != 2 || all[0].Subject != "last" || all[1].Whose != endpoint.Receiver {
		t.Errorf("certificates: %+v", all)
	}
}
