package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	requestTimeout = 10 * time.Second // for reading a request, for waiting for the next, and for each step of an answer
	maxScrapes     = 4                // at the same time
	closeTimeout   = 2 * time.Second
)

// Server answers /metrics, /healthz and /readyz, on a socket also /status. It must be closed.
type Server struct {
	listener net.Listener
	http     *http.Server
	done     sync.WaitGroup
}

// Listen opens an address as "127.0.0.1:9464" and answers there with what snapshot says, which may be called at any time
// and from several goroutines. Requests must name that address, the one at which they came in, or one of hosts. The error
// is about the address.
func Listen(ctx context.Context, address string, hosts []string, build Build, snapshot func() Snapshot) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open the endpoint for metrics (metrics.listen): %w", err)
	}
	names := append([]string{hostOf(address)}, hosts...)
	return serve(listener, addressed(names, newMux(build, snapshot)), maxConns), nil
}

// serve answers on a listener, on at most so many connections at once, until the server is closed.
func serve(listener net.Listener, pages http.Handler, most int) *Server {
	guests := &crowd{Listener: listener, most: most}
	s := &Server{listener: listener, http: &http.Server{
		Handler: pages, ReadHeaderTimeout: requestTimeout, ReadTimeout: requestTimeout, IdleTimeout: requestTimeout,
		WriteTimeout: 2 * requestTimeout, MaxHeaderBytes: 16 << 10, ConnState: guests.state,
		ErrorLog: log.New(io.Discard, "", 0), // by default its lines would stand between those of the log, in another format
	}}
	s.done.Go(func() { _ = s.http.Serve(guests) }) // ends with Close, there is no other way
	return s
}

// Address is where the server answers, as host and port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close ends the server, after answers that are under way.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.done.Wait()
	if err != nil {
		return fmt.Errorf("close the endpoint at %s: %w", s.Address(), err)
	}
	return nil
}

func newMux(build Build, snapshot func() Snapshot) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(newRegistry(build, snapshot), promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: requestTimeout,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if problems := snapshot().Problems(); len(problems) > 0 {
			text := ""
			for _, p := range problems {
				text += p.Text + "\n"
			}
			answer(w, http.StatusServiceUnavailable, text)
			return
		}
		answer(w, http.StatusOK, "ready\n")
	})
	return mux
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // whoever asked is gone when that fails
}

// buildInfo is the metric about the build.
const (
	buildInfo = "riskrelay_build_info"
	buildHelp = "1; which program this is."
)

func newRegistry(build Build, snapshot func() Snapshot) *prometheus.Registry {
	registry := prometheus.NewPedanticRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: buildInfo, Help: buildHelp,
		ConstLabels: prometheus.Labels{"version": build.Version, "revision": build.Revision, "goversion": build.Go},
	})
	info.Set(1)
	registry.MustRegister(info, newCollector(snapshot), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// collector reads all metrics of a scrape from one snapshot.
type collector struct {
	snapshot func() Snapshot
	metrics  []metric
	descs    []*prometheus.Desc
}

func newCollector(snapshot func() Snapshot) *collector {
	c := &collector{snapshot: snapshot, metrics: list()}
	for _, m := range c.metrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels, nil))
	}
	return c
}

// Describe names all metrics.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect takes a snapshot and reads all metrics from it.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.snapshot()
	for i, m := range c.metrics {
		m.read(s, func(value float64, labels ...string) {
			for j := range labels { // a file's name, which is a stream's, may be any bytes
				labels[j] = strings.ToValidUTF8(labels[j], "\uFFFD")
			}
			out <- prometheus.MustNewConstMetric(c.descs[i], m.kind, value, labels...)
		})
	}
}
