package host

import (
	"fmt"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/file"
	"github.com/riskrelay/riskrelay/host/source/graph"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// streams returns one stream for each table, tenant and file of the configuration, and one for follow-ups where hosts are looked
// up. This is the list of the kinds of sources. Nothing is read yet; what must be closed is added to h.closers.
func (h *Host) streams(c config.Config, o Options) (all []pipeline.Stream, err error) {
	if all, err = workspaces(c, o.Log); err != nil {
		return nil, err
	}
	for _, s := range c.Sources.Graph {
		stream, source, err := graph.New(s.Config, h.store, o.Log)
		if err != nil {
			return nil, fmt.Errorf("sources.graph %s: %w", s.Name, err)
		}
		source.Once = o.Once
		h.closers = append(h.closers, source)
		all = append(all, stream)
	}
	files, err := readFiles(c)
	if err != nil {
		return nil, err
	}
	for _, stream := range file.Streams(files, o.Stdin, h.keepLine) {
		if source, ok := stream.Source.(*file.Source); ok {
			source.Took = func(about string) { o.Log.WithField("stream", stream.Name).Infof("is read as %s", about) }
		}
		all = append(all, stream)
	}
	all = append(all, h.modules.Streams()...)
	if o.DryRun {
		for i := range all {
			all[i].Volatile = true // a dry run leaves the ledger as it is
		}
	}
	return all, nil
}

// readFiles are the files that sources.files stands for. One that a sink writes to is an error: it would be read for ever.
func readFiles(c config.Config) ([]string, error) {
	files, err := file.Expand(c.Sources.Files)
	if err != nil {
		return nil, fmt.Errorf("sources.files: %w", err)
	}
	for _, s := range c.Sinks.All() {
		for _, f := range files {
			if s.Output != "" && samePath(s.Output, f) {
				return nil, fmt.Errorf("sources.files: %s is what the %s sink %s writes to", f, s.Kind, s.Name)
			}
		}
	}
	return files, nil
}

func samePath(a, b string) bool {
	absoluteA, errA := filepath.Abs(a)
	absoluteB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absoluteA == absoluteB
}

// workspaces are the streams of the workspaces alone.
func workspaces(c config.Config, log logrus.FieldLogger) (all []pipeline.Stream, err error) {
	var identities loganalytics.Workspaces
	for _, s := range c.Sources.LogAnalytics {
		list, err := identities.New(s.Config, log)
		if err != nil {
			return nil, fmt.Errorf("workspace %s: %w", s.Workspace, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// maxShownLines is how many bad lines are logged; the dead letters have them all.
const maxShownLines = 20

// unreadable begins the name under which dead letters keep the lines of a file that are no rows, where letters that a sink
// refused have the sink's name.
const unreadable = "source "

// keepLine writes a line that isn't a row to the dead letters, as no sink can take it, and logs the first maxShownLines of them. Its
// error says that the disk failed: then reading must stop, or the line would be lost.
func (h *Host) keepLine(e *file.LineError) error {
	if h.letters != nil {
		text := enrich.AppendString(nil, string(e.Text))
		columns := enrich.NewColumns([]string{"line"}, []enrich.Type{enrich.String})
		_, original := enrich.ValidUTF8(e.Text)
		row := enrich.NewRow(columns, text, []enrich.Span{{End: uint32(len(text))}}).WithOriginal(original)
		event := enrich.NewEvent("", row)
		keep := h.letters.Keep(unreadable + e.Name)
		if err := keep([]enrich.Event{event}, []pipeline.Rejection{{Reason: e.Error()}}); err != nil {
			return fmt.Errorf("write a dead letter: %w", err)
		}
	}
	switch n := h.stats.Unreadable(); {
	case n <= maxShownLines:
		h.log.WithError(e).Error("a line is not a row: it goes to the dead letters")
	case n == maxShownLines+1:
		h.log.Error("more lines are not rows: the dead letters have them all")
	}
	return nil
}
