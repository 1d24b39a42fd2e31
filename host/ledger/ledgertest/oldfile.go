package ledgertest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"path/filepath"
	"testing"
)

//go:embed testdata/old-ledger.db.gz
var oldLedger []byte

// OldFile returns a directory with the file ledger.db as the version before [ledger.Store] wrote it. It holds
//   - the streams la:ws:SigninLogs and la:ws:AuditLogs at revision 17 with the frontier 2026-11-01T11:30:00Z: three windows of
//     half an hour, from 09:30 on, were closed by the sinks hec and syslog, each with one row read in the first, two in the
//     11th and three in the 21st minute, of which one was refused for good; hec has a mark in the fourth window
//   - what four rules old.text, old.number, old.truth and old.several have seen, and that they were shown 30 days
//   - the follow-up question row-1 about a.example.com and b.example.com, the question row-2 about c.example.com, and the
//     follow-up of row-1, as a.example.com does not exist: d4ee61df2ef821a6891d50c0343a6a51
//   - sightings of the objects a and b of the stream graph:entra:GraphApplications, at 2026-12-01T01:40:20.039976Z
func OldFile(t *testing.T) (dir string) {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(oldLedger))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ledger.db"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
