//go:build linux

package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// smallBox is the memory of a small machine, in bytes.
const smallBox = 128 << 20

// TestMemoryOfALargeReply has 90 MB come in at one moment, which is one reply, and looks at what the process took at most while
// three sinks run.
func TestMemoryOfALargeReply(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	random := rand.NewChaCha8([32]byte{1})
	const rows = 2000
	var list [][]byte
	happened := r.now().UTC().Format(time.RFC3339Nano)
	for range rows {
		id, noise := fmt.Sprintf("row-%07d", len(r.sent)), make([]byte, 22_500)
		random.Read(noise)
		list = append(list, fmt.Appendf(nil, `{"_ItemId":%q,"TimeGenerated":%q,"OperationName":"Update application","TargetResources":[{"displayName":%q}]}`,
			id, happened, hex.EncodeToString(noise)))
		r.sent[id] = 0
	}
	r.program.kill()
	r.arrive("AuditLogs", list)
	r.start("GOMEMLIMIT=80MiB")
	ctx, stop := r.patient()
	defer stop()
	if err := r.complete(ctx, 0); err != nil {
		t.Fatalf("%v: %s", err, r.program.last())
	}
	largest := int64(0)
	for _, q := range r.workspace.Requests() {
		largest = max(largest, q.Bytes)
	}
	took := r.program.peak(t)
	if largest < 64<<20 || took > smallBox {
		t.Errorf("want at most %d MB, for 64 MB or more", smallBox>>20)
	}
	t.Logf("the process took %d MB for a reply of %d MB as sent", took>>20, largest>>20)
	r.judge()
}

// peak is the most memory that the process had, in bytes (VmHWM in proc(5)).
func (p *program) peak(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	kilobytes, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
