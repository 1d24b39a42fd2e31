package host

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/config"
	filesink "github.com/riskrelay/riskrelay/host/sink/file"
)

// TestDeliveryWaitsForNobody moves events with redirect URIs through a whole host without starting the lookups, as if every
// one of them took for ever: all events are delivered all the same, nobody is asked, and what is open is kept.
func TestDeliveryWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	c := config.Defaults()
	c.DataDir, c.Rules.Selftest, c.Rules.Watch = filepath.Join(dir, "data"), false, false
	c.DNS.Resolver = "192.0.2.53:53"
	c.Sources.Files = []string{"-"}
	c.Sinks.File = []config.File{{Name: "disk", Config: filesink.Config{Path: filepath.Join(dir, "out.ndjson")}}}
	const line = `{"Type":"AuditLogs","_ItemId":"i-1","OperationName":"Update application","Result":"success","TargetResources":[{"id":"3",` +
		`"type":"Application","modifiedProperties":[{"displayName":"AppAddress","oldValue":"[]","newValue":"[\"https://gone.example.com/cb\"]"}]}]}`
	h, err := New(t.Context(), c, Options{Log: quietLog(), Stdin: strings.NewReader(line), Once: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	stream := h.modules.Streams()[0]
	stream.Ended = nil // nothing will be answered, so this run doesn't wait for it
	h.pipeline.Streams[len(h.pipeline.Streams)-1] = stream
	if err := h.pipeline.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.Figures().Sinks["disk"].Confirmed; n != 1 {
		t.Errorf("%d events confirmed", n)
	}
	h.does("")
	looked := h.snapshot().Lookups
	asked := int64(0)
	for _, n := range looked.Hosts {
		asked += n
	}
	if looked.Questions != 1 || looked.Queued != 1 || asked != 0 {
		t.Errorf("%+v", looked)
	}
}
