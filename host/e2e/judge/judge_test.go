//go:build linux

package judge

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/e2e/peer"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/sumologic"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// difference is a field of a row that a reader sees otherwise than it was meant. Either text may be absent.
type difference struct {
	row, field, want, got string
}

// judgement is what one reader made of all rows.
type judgement struct {
	kind        peer.Kind
	version     string
	fields      int // that were meant, in all rows
	differences []difference
}

func TestForeignReaders(t *testing.T) {
	all := rows(t)
	kinds := peer.Readers()
	judgements := make([]judgement, len(kinds))
	t.Run("readers", func(t *testing.T) {
		for i, kind := range kinds {
			t.Run(kind.Format+"/"+kind.Name, func(t *testing.T) {
				t.Parallel()
				judgements[i] = judge(t, kind, all)
			})
		}
	})
	if t.Failed() {
		return
	}
	excuse(t, judgements, exceptions(all))
	if !t.Failed() {
		report(t, judgements, len(all), exceptions(all))
	}
}

// judge sends all rows to a reader and compares what it saw with what was meant.
func judge(t *testing.T, kind peer.Kind, all []row) judgement {
	t.Helper()
	reader := kind.Start(t)
	sink := newSink(t, kind, reader)
	events := make([]enrich.Event, len(all))
	for i := range all {
		events[i] = all[i].event
	}
	if receipt, err := sink.Send(t.Context(), events); err != nil || receipt.Events != len(events) {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	byRow := assign(t, all, reader.Read(len(all)))
	j := judgement{kind: kind, version: reader.Version}
	for i := range all {
		want := meant(t, kind.Format, &all[i])
		j.fields += len(want)
		j.differences = append(j.differences, differ(all[i].name, want, byRow[i])...)
	}
	return j
}

// newSink is our sink for the reader.
func newSink(t *testing.T, kind peer.Kind, reader *peer.Reader) (sink pipeline.Sink) {
	t.Helper()
	var err error
	switch kind.Format {
	case peer.HEC:
		c := splunkhec.Defaults()
		c.URL, c.TokenFile, c.CAFile, c.Host, c.Index = reader.URL, reader.TokenFile, reader.CAFile, sender, index
		sink, err = splunkhec.New(c)
	case peer.JSONLines:
		c := sumologic.Defaults()
		c.URLFile, c.CAFile, c.Host = filepath.Join(t.TempDir(), "url"), reader.CAFile, sender
		if err := os.WriteFile(c.URLFile, []byte(reader.URL), 0o600); err != nil {
			t.Fatal(err)
		}
		sink, err = sumologic.New(c)
	default:
		c := syslog.Defaults()
		c.Address, c.Network, c.Format, c.Hostname, c.Receiver = reader.Address, syslog.TCP, kind.Format, sender, cmp.Or(reader.Receiver, "generic")
		if reader.Lines {
			c.Framing = syslog.LF
		}
		sink, err = syslog.New(c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

// assign finds out which row each record is: it has the event's id in some field. Each row must have come once.
func assign(t *testing.T, all []row, seen []peer.Seen) []peer.Seen {
	t.Helper()
	byRow := make([]peer.Seen, len(all))
	for _, s := range seen {
		text := strings.Join(slices.Sorted(maps.Values(s)), "\n")
		i := slices.IndexFunc(all, func(r row) bool { return strings.Contains(text, r.event.ID) })
		switch {
		case i < 0:
			t.Errorf("a record of no row came: %.600q", s)
		case byRow[i] != nil:
			t.Errorf("row %q came twice", all[i].name)
		default:
			byRow[i] = s
		}
	}
	for i, s := range byRow {
		if s == nil {
			t.Errorf("row %q didn't come", all[i].name)
		}
	}
	return byRow
}

// differ compares all fields of a row.
func differ(name string, want map[string]value, got peer.Seen) (all []difference) {
	for field, w := range want {
		g, ok := got[field]
		switch {
		case !ok:
			all = append(all, difference{name, field, w.text, absent})
		case !w.is(g):
			all = append(all, difference{name, field, w.text, g})
		}
	}
	for field, g := range got {
		if _, ok := want[field]; !ok {
			all = append(all, difference{name, field, absent, g})
		}
	}
	return all
}

// absent stands for a field that isn't there.
const absent = "(absent)"
