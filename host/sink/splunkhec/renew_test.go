package splunkhec_test

import (
	"context"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

func TestCertificatesAreRotatedWithoutRestart(t *testing.T) {
	r, err := endpointtest.NewRotation(t.TempDir(), "first")
	if err != nil {
		t.Fatal(err)
	}
	server, c := start(t, hectest.Config{TLS: r.Server()})
	c.CAFile, c.CertFile, c.KeyFile = r.CAFile, r.CertFile, r.KeyFile
	sink := newSink(t, c)
	if all := sink.Certificates(); len(all) != 1 || all[0].Whose != endpoint.Client || all[0].Subject != "first" {
		t.Errorf("before the first connection: %+v", all)
	}
	sinktest.TestRotation(t, r, "first", sink, &server.Events)
	all := sink.Certificates()
	if len(all) != 2 || all[0].Subject != "last" || all[1].Whose != endpoint.Receiver || !strings.Contains(all[1].Subject, "127.0.0.1") || all[1].Expires.IsZero() {
		t.Errorf("certificates: %+v", all)
	}
}

func TestChains(t *testing.T) {
	sinktest.TestChains(t, true, func(t *testing.T, chain endpointtest.Chain) sinktest.Secured {
		server, c := start(t, hectest.Config{TLS: chain.Server})
		c.CAFile, c.CertFile, c.KeyFile = chain.CAFile, chain.CertFile, chain.KeyFile
		return sinktest.Secured{Sink: newSink(t, c), Got: &server.Events, Check: func(ctx context.Context, test *enrich.Event) checkup.Report {
			return splunkhec.Check(ctx, c, test)
		}}
	})
}
