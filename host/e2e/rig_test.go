//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/e2e/smalldisk"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	sinklog "github.com/riskrelay/riskrelay/host/sink/received"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// rig is the program between an emulated workspace and three sinks (HEC with acknowledgement, syslog over TLS, a file), its
// state on a small disk of its own. It keeps the books of what was sent and what came.
type rig struct {
	t         testing.TB
	binary    string
	config    string
	disk      *smalldisk.Disk
	workspace *loganalyticstest.Server
	hec       *hectest.Server
	syslog    *syslogtest.Server
	file      tail
	ahead     atomic.Int64 // how far the service's clock is ahead of this machine's, in nanoseconds
	answer    atomic.Pointer[func(hectest.Request) *hectest.Answer]

	program *program
	sent    map[string]uint64

	mu     sync.Mutex
	poison map[string]bool // ids that the collector refuses for good
}

// newRig builds the program with the tags and starts it.
func newRig(t testing.TB, tags string) *rig {
	t.Helper()
	r := &rig{t: t, binary: buildBinary(t, "-tags", tags), sent: map[string]uint64{}, poison: map[string]bool{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	r.disk, err = smalldisk.New(t.TempDir(), 16<<20)
	must(err)
	t.Cleanup(func() { r.disk.Close() })
	r.workspace, err = loganalyticstest.New(loganalyticstest.Options{Now: r.now, ByteLimit: 100 << 20})
	must(err)
	t.Cleanup(func() { r.workspace.Close() })
	ca, err := endpointtest.NewCA()
	must(err)
	serverTLS, err := ca.ServerConfig("127.0.0.1")
	must(err)
	r.hec, err = hectest.Start(hectest.Config{Token: "fake-token", Ack: true, Answer: r.decide})
	must(err)
	t.Cleanup(func() { r.hec.Close() })
	r.syslog, err = syslogtest.Start(syslogtest.Config{TLS: serverTLS})
	must(err)
	t.Cleanup(func() { r.syslog.Close() })
	r.configure(ca)
	r.start()
	t.Cleanup(func() { r.program.kill() })
	return r
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

// began reports whether the program runs. It says so once all is open: ledger, sockets, sinks.
func (r *rig) began() bool { return r.program.says("msg=running") }

func (r *rig) data() string { return filepath.Join(r.disk.Dir, "data") }

// seenPack is a rule that remembers something of every row of AuditLogs, so that there is something to save.
const seenPack = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: campaign, version: 1.0.0}
rules:
  - id: campaign.first
    title: First seen
    tables: [AuditLogs]
    when: event.OperationName != ""
    severity: low
    first_seen: {key: [event.CorrelationId], window: 1h, else: {severity: info}}
`

func (r *rig) configure(ca *endpointtest.CA) {
	dir := r.t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
		return path
	}
	caFile, err := ca.WriteFile(dir)
	if err != nil {
		r.t.Fatal(err)
	}
	r.file.path = filepath.Join(dir, "events.ndjson")
	o := r.workspace.Options()
	r.config = write("riskrelay.yaml", fmt.Sprintf(`
data_dir: %s
log: {level: info}
rules: {history: false, paths: [%s]}
sources:
  log_analytics:
    - workspace: %s
      endpoint: %s
      ca_file: %s
      credential: {kind: secret, tenant_id: %s, client_id: %s, secret_file: %s, authority: %s}
      tables: [{name: AuditLogs}, {name: SigninLogs}]
      start: 5m
      settle: 1s
      every: 500ms
      max_requests: 100000
sinks:
  splunk_hec: [{name: hec, url: "%s", token_file: %s, ack: true, ack_timeout: 2s, batch_bytes: 16384}]
  syslog: [{name: syslog, receiver: generic, max_message: 65536, address: "%s", ca_file: %s}]
  file: [{name: file, path: %s}]
`, r.data(), write("seen.yaml", seenPack), o.Workspace, r.workspace.Endpoint(), write("workspace-ca.pem", string(r.workspace.CAPEM())), o.Tenant, o.ClientID,
		write("client-secret", o.Secret), r.workspace.URL(), r.hec.URL, write("hec-token", "fake-token"), r.syslog.Addr, caFile, r.file.path))
}

// distance is how long a request takes: a collector is seldom on the same machine, and what is under way can be lost.
const distance = 10 * time.Millisecond

// decide refuses what is poison, and otherwise does what the fault at work says.
func (r *rig) decide(q hectest.Request) *hectest.Answer {
	<-time.After(distance)
	if f := r.answer.Load(); f != nil {
		if a := (*f)(q); a != nil {
			return a
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, id := range q.IDs {
		if r.poison[id] {
			return &hectest.Answer{Status: 400, Code: 6, Text: "Invalid data format", Invalid: &i}
		}
	}
	return nil
}

// add has n rows come in, in two tables, and returns when the last did. Refused of them, spread evenly, are poison.
func (r *rig) add(n, refused int) (at time.Time) {
	r.t.Helper()
	happened := r.now().UTC()
	rows := map[string][][]byte{}
	for i := range n {
		id, table := fmt.Sprintf("row-%07d", len(r.sent)), []string{"AuditLogs", "SigninLogs"}[i%2]
		stamp := happened.Add(time.Duration(i) * time.Microsecond).Format(time.RFC3339Nano)
		row := fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":%q,"CorrelationId":%q,"OperationName":"Add owner to application","Result":"success",`+
			`"InitiatedBy":{"user":{"userPrincipalName":"ann@contoso.example"}}}`, id, stamp, id)
		if table == "SigninLogs" {
			row = fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":%q,"CorrelationId":%q,"ResultType":"0"}`, id, stamp, id)
		}
		rows[table] = append(rows[table], []byte(row))
		r.sent[id] = 0
		if i*refused%n < refused {
			r.mu.Lock()
			r.poison[id] = true
			r.mu.Unlock()
		}
	}
	for table, list := range rows {
		at = r.arrive(table, list)
	}
	return at
}

// arrive has rows come in now and returns when that was. The time is taken when they are all made: a busy machine may take
// longer to make them than the program waits for late rows, and would find them only with the next audit.
func (r *rig) arrive(table string, rows [][]byte) (at time.Time) {
	r.t.Helper()
	at, err := r.workspace.AddNow(table, rows...)
	if err != nil {
		r.t.Fatal(err)
	}
	return at
}

// due is how many different events each sink must have.
func (r *rig) due() (hec, others int) { return len(r.sent) - len(r.poison), len(r.sent) }

// came is how many different events came, and how many altogether, of all sinks.
func (r *rig) came() (different, total int) {
	for _, l := range []*sinklog.Log{&r.hec.Events, &r.syslog.Events, r.file.log(r.t)} {
		different, total = different+l.Len(), total+l.Total()
	}
	return different, total
}

// part waits until a sink, each with the same chance, has some of the n newest events.
func (r *rig) part(ctx context.Context, n int) {
	hec, others := r.due()
	some := rand.IntN(n)
	log, want := &r.hec.Events, hec-some
	if rand.IntN(2) == 0 {
		log, want = &r.syslog.Events, others-some
	}
	_ = log.Wait(ctx, want) // what is missing shows in the end
}

// patience is how long a rig may take until the next event comes. Nothing is said of all of them: a busy machine is slow.
const patience = 2 * time.Minute

// patient is a context that ends when nothing new came for as long as patience, or when it is stopped.
func (r *rig) patient() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		last, since := 0, time.Now()
		_ = poll(ctx, func() bool { // until it is stopped
			if n, _ := r.came(); n != last {
				last, since = n, time.Now()
			}
			if time.Since(since) > patience {
				cancel(fmt.Errorf("nothing new came for %v", patience))
			}
			return false
		})
	}()
	return ctx, func() { cancel(nil); <-done }
}

// complete waits until every sink has everything, and the dead letters what was refused.
func (r *rig) complete(ctx context.Context, letters int) error {
	hec, others := r.due()
	if err := errors.Join(r.hec.Events.Wait(ctx, hec), r.syslog.Events.Wait(ctx, others)); err != nil {
		return err
	}
	return poll(ctx, func() bool { return r.file.log(r.t).Len() >= others && r.letters() >= letters })
}

// confirmed waits until the ledger says that every sink has confirmed what came in before a time: what comes again because
// of a fault has come then. It looks at copies of the file, some of which are torn.
func (r *rig) confirmed(ctx context.Context, before time.Time) error {
	dir := r.t.TempDir()
	return poll(ctx, func() bool {
		content, err := os.ReadFile(filepath.Join(r.data(), boltstore.FileName))
		if err != nil || os.WriteFile(filepath.Join(dir, boltstore.FileName), content, 0o600) != nil {
			return false
		}
		store, err := boltstore.Open(dir)
		if err != nil {
			return false
		}
		defer store.Close()
		states, err := ledger.New(store).Streams()
		if err != nil || len(states) != 2 {
			return false
		}
		for _, s := range states {
			for _, sink := range []string{"hec", "syslog", "file"} {
				if !s.ConfirmedThrough(sink).After(before) {
					return false
				}
			}
		}
		return true
	})
}

// letters is how many different events lie in the dead letters of the collector.
func (r *rig) letters() int {
	ids := map[string]bool{}
	err := deadletter.New(filepath.Join(r.data(), "dead"), 0).Each("hec", func(l deadletter.Letter) error {
		ids[l.ID()] = true
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Error(err)
	}
	return len(ids)
}

// poll asks again and again: for what has nothing to wait on.
func poll(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// flip changes a bit of the ledger's file where it stands, as the disk may be full.
func (r *rig) flip() {
	f, err := os.OpenFile(filepath.Join(r.data(), boltstore.FileName), os.O_RDWR, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		r.t.Fatal(err)
	}
	at, one := rand.Int64N(info.Size()), make([]byte, 1)
	if _, err := f.ReadAt(one, at); err != nil {
		r.t.Fatal(err)
	}
	one[0] ^= 1 << rand.IntN(8)
	if _, err := f.WriteAt(one, at); err != nil {
		r.t.Fatal(err)
	}
}

// start runs the program with more in its environment.
func (r *rig) start(env ...string) {
	r.t.Helper()
	c := exec.Command(r.binary, "run", "-c", r.config)
	c.Env = append(os.Environ(), env...)
	stderr, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	p := &program{cmd: c, exited: make(chan struct{})}
	r.program = p
	go func() {
		p.read(stderr)
		p.err = c.Wait()
		close(p.exited)
	}()
}

// restart starts the program again, which has ended.
func (r *rig) restart() {
	<-r.program.exited
	r.start()
}
