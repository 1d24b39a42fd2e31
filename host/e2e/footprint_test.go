//go:build linux

package e2e

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// The reply that the program reads, in bytes. The service itself sends no more than 64 MiB.
const (
	largeReply = 62_000_000
	rowSize    = 3000 // about
)

// What the whole process may take at its peak, in bytes, on a machine that does nothing else: 57 MB of it are the program itself and its
// rules.
const (
	mostMemory = 90 << 20
	mostBehind = 120 << 20 // when a sink that was left behind is served by a reading of its own
)

// TestFootprint has the program read one reply of 64 MB while its sinks run, and then more while one of them is dead. What the
// dead sink didn't get comes when it is back. The memory is logged: how soon garbage is collected depends on what else the machine does.
func TestFootprint(t *testing.T) { footprint(t) }

// BenchmarkFootprint is TestFootprint with bounds for the memory.
func BenchmarkFootprint(b *testing.B) {
	for b.Loop() {
		reply, behind := footprint(b)
		b.ReportMetric(float64(reply>>20), "MiB-reply")
		b.ReportMetric(float64(behind>>20), "MiB-behind")
		if reply > mostMemory || behind > mostBehind {
			b.Errorf("%d MiB for a reply and %d MiB with a sink left behind, want at most %d and %d", reply>>20, behind>>20, mostMemory>>20, mostBehind>>20)
		}
	}
}

// footprint is the most memory that the process had, in bytes, for the reply, and with a sink left behind, as Linux says.
func footprint(t testing.TB) (reply, behind int64) {
	t.Helper()
	r := newRig(t, "")
	r.program.signal(syscall.SIGTERM)
	<-r.program.exited
	r.asUsual(t)
	at := r.fill(largeReply)
	r.start()
	reply = r.arrived(at, "a reply of 64 MB")
	if got := r.largest(); got < largeReply/rowSize*9/10 {
		t.Errorf("the largest reply had %d rows: the window was cut", got)
	}

	dead := func(hectest.Request) *hectest.Answer {
		return &hectest.Answer{Status: 503, Code: 9, Text: "Server is busy"}
	}
	r.answer.Store(&dead)
	for range 2 {
		at = r.fill(largeReply / 6) // more than a sink has under way at once
		ctx, stop := r.patient()
		err := r.syslog.Events.Wait(ctx, len(r.sent))
		stop()
		if err != nil {
			t.Fatalf("syslog, while the collector is dead: %v\n%s", err, r.program.last())
		}
		r.peak("a dead collector")
	}
	r.answer.Store(nil)
	behind = r.arrived(at, "catching up")
	r.judge()
	return reply, behind
}

// asUsual configures requests of the usual size and time.
func (r *rig) asUsual(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	usual := strings.ReplaceAll(string(text), ", ack_timeout: 2s, batch_bytes: 16384", "")
	usual = regexp.MustCompile(`(?m)^rules: .*$`).ReplaceAllString(usual, "rules: {history: false}")
	if usual == string(text) {
		t.Fatalf("the configuration has no small requests any more:\n%s", text)
	}
	if err := os.WriteFile(r.config, []byte(usual), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fill has rows of that many bytes come in at once and returns when that was.
func (r *rig) fill(size int) (at time.Time) {
	r.t.Helper()
	chance := rand.New(rand.NewPCG(1, uint64(len(r.sent))))
	r.workspace.Create("SigninLogs")
	happened := r.now().UTC()
	var rows [][]byte
	for i := range size / rowSize {
		id := fmt.Sprintf("row-%07d", len(r.sent))
		noise := make([]byte, rowSize/2)
		for k := range noise {
			noise[k] = byte(chance.Uint32())
		}
		stamp := happened.Add(time.Duration(i) * time.Microsecond).Format(time.RFC3339Nano)
		rows = append(rows, fmt.Appendf(nil, `{"_ItemId":%q,"TimeGenerated":%q,"CorrelationId":%q,"OperationName":"Update application","ResultDescription":%q}`,
			id, stamp, id, hex.EncodeToString(noise)))
		r.sent[id] = 0
	}
	return r.arrive("AuditLogs", rows)
}

// largest is the number of rows of the largest reply that the workspace sent.
func (r *rig) largest() (n int) {
	for _, q := range r.workspace.Requests() {
		n = max(n, q.Rows)
	}
	return n
}

// arrived waits until every sink has everything, and returns the peak of the memory.
func (r *rig) arrived(at time.Time, doing string) int64 {
	r.t.Helper()
	ctx, stop := r.patient()
	defer stop()
	if err := r.complete(ctx, 0); err != nil {
		r.t.Fatalf("%s: of %d events hec has %d, syslog %d, file %d: %v\n%s", doing, len(r.sent), r.hec.Events.Len(), r.syslog.Events.Len(),
			r.file.log(r.t).Len(), err, r.program.last())
	}
	if err := r.confirmed(ctx, at); err != nil {
		r.t.Fatalf("%s: %v\n%s", doing, err, r.program.last())
	}
	return r.peak(doing)
}

// peak is the most memory that the program has had, which it logs.
func (r *rig) peak(doing string) int64 {
	r.t.Helper()
	took := r.program.peak(r.t)
	r.t.Logf("%s: at most %d MiB", doing, took>>20)
	return took
}
