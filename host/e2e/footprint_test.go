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

// TestFootprint has the program read one reply of 64 MB while its sinks run, and then more while one of them is dead, and
// asks Linux for the most memory that the process ever had, which it logs: how soon garbage is collected depends on what else the
// machine does. What the dead sink didn't get comes when it is back.
func TestFootprint(t *testing.T) {
	r := newRig(t, "")
	r.program.signal(syscall.SIGTERM)
	<-r.program.exited
	r.asUsual(t)
	at := r.fill(largeReply)
	r.start()
	r.arrived(at, "a reply of 64 MB")
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
	r.arrived(at, "catching up")
	r.judge()
}

// asUsual configures requests of the usual size and time.
func (r *rig) asUsual(t *testing.T) {
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

// arrived waits until every sink has everything, and looks at the memory.
func (r *rig) arrived(at time.Time, doing string) {
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
	r.peak(doing)
}

// peak logs the most memory that the program has had.
func (r *rig) peak(doing string) {
	r.t.Helper()
	r.t.Logf("%s: at most %d MiB", doing, r.program.peak(r.t)>>20)
}
