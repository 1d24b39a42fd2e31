//go:build linux

package e2e

import (
	"io"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
)

// quiet are the options of a host that logs nothing.
func quiet() host.Options {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return host.Options{Log: log}
}

// startHost runs a host until the test ends.
func startHost(t *testing.T, c config.Config, o host.Options) *host.Host {
	t.Helper()
	h, err := host.New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(t.Context()) }() // which ends before what is cleaned up
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
		h.Close()
	})
	return h
}

// runOnce moves what is there, as a process of its own would, and returns the host for its figures.
func runOnce(t *testing.T, c config.Config) *host.Host {
	t.Helper()
	o := quiet()
	o.Once = true
	h, err := host.New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}
