package syslog_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"

	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
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
	sink.Attend(server)
	sinktest.TestRotation(t, r, "first", sink, &server.Events)
	if all := sink.Certificates(); len(all) != 2 || all[0].Subject != "last" || all[1].Whose != endpoint.Receiver {
		t.Errorf("certificates: %+v", all)
	}
}

// TestConnectionsAreRenewed holds that a receiver's name is looked up again: no connection is used for longer than its time.
func TestConnectionsAreRenewed(t *testing.T) {
	for network, config := range map[string]syslogtest.Config{syslog.TCP: {}, syslog.UDP: {UDP: true}} {
		t.Run(network, func(t *testing.T) {
			first, c := start(t, config)
			_, port, _ := net.SplitHostPort(c.Address)
			config.Addr = net.JoinHostPort("127.0.0.2", port)
			second, _ := start(t, config)
			names := resolver(t)
			names.Set("logs.example.com.", dnstest.Address("127.0.0.1"))
			c.Address = net.JoinHostPort("logs.example.com", port)
			sink := newSink(t, c)
			defer sink.Close()
			events := sinktest.Events(6)
			for at, age := range []time.Duration{0, endpoint.ConnectionAge - time.Minute, endpoint.ConnectionAge} {
				sink.Age(age)
				if _, err := sink.Send(t.Context(), events[2*at:2*at+2]); err != nil {
					t.Fatal(err)
				}
				names.Set("logs.example.com.", dnstest.Address("127.0.0.2"))
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := errors.Join(first.Events.Wait(ctx, 4), second.Events.Wait(ctx, 2)); err != nil || first.Events.Len() != 4 || second.Events.Len() != 2 {
				t.Errorf("%d and %d events arrived, want 4 and 2: %v", first.Events.Len(), second.Events.Len(), err)
			}
		})
	}
}

// TestOldConnectionWithoutAName is about a name server that fails while the connection works: it is used on.
func TestOldConnectionWithoutAName(t *testing.T) {
	server, c := start(t, syslogtest.Config{})
	_, port, _ := net.SplitHostPort(c.Address)
	names := resolver(t)
	names.Set("logs.example.com.", dnstest.Address("127.0.0.1"))
	c.Address = net.JoinHostPort("logs.example.com", port)
	sink := newSink(t, c)
	sink.Attend(server)
	defer sink.Close()
	events := sinktest.Events(3)
	for i, connections := range []int{1, 1, 2} {
		if i == 1 {
			names.Set("logs.example.com.", dnstest.NXDomain())
		}
		if i == 2 {
			names.Set("logs.example.com.", dnstest.Address("127.0.0.1"))
		}
		sink.Age(endpoint.ConnectionAge)
		if _, err := sink.Send(t.Context(), events[i:i+1]); err != nil || server.Connections() != connections {
			t.Errorf("%d: %v, %d connections, want %d", i, err, server.Connections(), connections)
		}
	}
}

// resolver is a name server that is asked instead of the system's while t runs.
func resolver(t *testing.T) *dnstest.Server {
	t.Helper()
	server, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return server.Dial(ctx, network, server.Addr)
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
	})
	return server
}

func TestChains(t *testing.T) {
	sinktest.TestChains(t, true, func(t *testing.T, chain endpointtest.Chain) sinktest.Secured {
		server, c := start(t, syslogtest.Config{TLS: chain.Server})
		c.Network, c.CAFile, c.CertFile, c.KeyFile = syslog.TLS, chain.CAFile, chain.CertFile, chain.KeyFile
		if chain.Refused != "" {
			c.Grace = time.Hour // a refused client certificate shows only after the handshake
		}
		return sinktest.Secured{Sink: newSink(t, c), Got: &server.Events, Check: func(ctx context.Context, test *enrich.Event) checkup.Report {
			return syslog.Check(ctx, c, test)
		}}
	})
}
