package directory

import (
	"context"
	"sync"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// Name is what the module is called.
const Name = "directory"

// Module reads the directory in the background from Configure until Close. It implements enrich.Module and enrich.Informer.
type Module struct {
	log     logrus.FieldLogger
	secrets *secret.Keeper
	changed chan struct{}

	configuring sync.Mutex // held while one reading ends and another begins

	mu       sync.Mutex
	reading  *reading // nil before Configure
	document []byte   // nil before the first reading
	state    State
}

var (
	_ enrich.Module   = (*Module)(nil)
	_ enrich.Informer = (*Module)(nil)
)

// New returns a module that reads nothing until Configure. Log is told of parts that can't be read, and when they can be again.
// Secrets reads and remembers the credential; nil only reads it. The module must be closed.
func New(log logrus.FieldLogger, secrets *secret.Keeper) *Module {
	return &Module{log: log, secrets: secrets, changed: make(chan struct{}, 1)}
}

// Describe names the module; it wants no events and has no rules.
func (m *Module) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{Name: Name, Version: "1"}, nil
}

// Configure takes a [Config] as YAML, and begins to read the directory as it says, in the background. What was read before
// is kept until it was read anew. The error is about a key that is wrong or a file that can't be read; nothing changes then.
func (m *Module) Configure(_ context.Context, config enrich.Config) error {
	c, err := parseSettings(config.Settings)
	if err != nil {
		return err
	}
	c.Credential.Secrets = m.secrets
	m.configuring.Lock()
	defer m.configuring.Unlock()
	if !c.Enabled {
		m.stop()
		m.publish(nil)
		return nil
	}
	if m.current(c) {
		return nil
	}
	client, err := graph.New(c.Config, m.log)
	if err != nil {
		return err
	}
	m.start(c, client, client.Close)
	return nil
}

// current reports whether the directory is being read as c says.
func (m *Module) current(c Config) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reading != nil && m.reading.config == c
}

// Tag says nothing about any event.
func (m *Module) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	return make([][]enrich.Tag, len(events)), ctx.Err()
}

// Context is what is known now; before a part was read for the first time, it is among those that are awaited. It is empty
// while the module is off.
func (m *Module) Context(ctx context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.document, ctx.Err()
}

// Changed gets a value whenever Context has become another.
func (m *Module) Changed() <-chan struct{} { return m.changed }

// Read is closed once every part was tried, whether it could be read or not.
func (m *Module) Read() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reading == nil {
		done := make(chan struct{})
		close(done)
		return done
	}
	return m.reading.tried
}

// Close ends the reading.
func (m *Module) Close() error {
	m.configuring.Lock()
	defer m.configuring.Unlock()
	m.stop()
	return nil
}

// reading is the background's work under one configuration.
type reading struct {
	*Module
	config Config
	from   reader
	data   *snapshot
	parts  []*part
	tried  chan struct{} // closed behind the first round
	cancel context.CancelFunc
	ended  chan struct{}
	// failures counts rounds in a row in which a part failed.
	failures int
	close    func() error
}

// start ends the reading there is and begins another, which keeps what was good last until it has read it anew.
func (m *Module) start(c Config, from reader, closer func() error) {
	old := m.stop()
	r := m.prepare(c, from, closer)
	if old != nil {
		r.data.take(old.data)
		for i := range r.parts {
			r.parts[i].Part = old.parts[i].Part
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	m.mu.Lock()
	m.reading = r
	m.mu.Unlock()
	r.tell()
	go r.run(ctx)
}

// prepare is a reading that has not begun.
func (m *Module) prepare(c Config, from reader, closer func() error) *reading {
	r := &reading{
		Module: m, config: c, from: from, data: newSnapshot(), close: closer,
		tried: make(chan struct{}), ended: make(chan struct{}),
	}
	r.parts = []*part{
		{Part: Part{Name: partApplications}, read: r.data.readApplications},
		{Part: Part{Name: partDomains}, read: r.data.readDomains},
		{Part: Part{Name: partPrivileged}, read: r.data.readPrivileged},
	}
	return r
}

// stop ends the reading and returns it, nil when there was none.
func (m *Module) stop() *reading {
	m.mu.Lock()
	r := m.reading
	m.reading = nil
	m.mu.Unlock()
	if r == nil {
		return nil
	}
	r.cancel()
	<-r.ended
	if err := r.close(); err != nil {
		m.log.WithError(err).Warn("can't close the connection to Microsoft Graph")
	}
	return r
}

// publish makes text what the module knows, and says so when it is something else than before.
func (m *Module) publish(text []byte) {
	m.mu.Lock()
	same := string(text) == string(m.document)
	m.document = text
	m.mu.Unlock()
	if same {
		return
	}
	select {
	case m.changed <- struct{}{}:
	default: // somebody will look anyway
	}
}

func (r *reading) run(ctx context.Context) {
	defer close(r.ended)
	for first := true; ; first = false {
		wait := r.round(ctx)
		if first {
			close(r.tried)
		}
		if backoff.Sleep(ctx, wait) != nil {
			return
		}
	}
}
