package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/durable"
	"github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/host/sink"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// ErrTable says that a table can't be looked at: the name is none, or there is no workspace.
var ErrTable = errors.New("no such table")

// CheckSources goes online and checks each source of the configuration, step by step. Table names the only table to look at, ""
// all. Each is told to show once it is known.
func CheckSources(ctx context.Context, c config.Config, table string, show func(checkup.Report) error) error {
	show = cleanReports(c.Secrets, show)
	if table != "" {
		if err := loganalytics.CheckTable(table); err != nil {
			return fmt.Errorf("%w: %w", ErrTable, err)
		}
		if len(c.Sources.LogAnalytics) == 0 {
			return fmt.Errorf("%w: the configuration has no workspace to look for %s in", ErrTable, table)
		}
	}
	for _, s := range c.Sources.LogAnalytics {
		if err := show(loganalytics.Check(ctx, s.Config, table)); err != nil {
			return err
		}
	}
	for _, g := range c.Sources.Graph {
		if table != "" {
			continue
		}
		r := graph.Check(ctx, g.Config.Config, graphQueries())
		r.Of = "source graph " + g.Name
		if err := show(r); err != nil {
			return err
		}
	}
	if c.Directory.Enabled && table == "" {
		r := graph.Check(ctx, c.Directory.Config, directoryQueries())
		r.Of = "directory"
		if err := show(r); err != nil {
			return err
		}
	}
	files, err := readFiles(c)
	if err != nil {
		return err
	}
	for _, path := range files {
		if table != "" || path == "-" {
			continue
		}
		r := checkup.Report{Of: "source " + path}
		if err := checkRows(path); err != nil {
			r.Problem("file", "name a regular file or a pipe", "%v", err)
		} else if err := durable.MayRead(path); err != nil { // a pipe isn't opened, which would wait for its writer
			r.Problem("file", "let the host's user read it", "%s: %v", path, err)
		} else {
			r.OK("file", "can be read")
		}
		if err := show(r); err != nil {
			return err
		}
	}
	return nil
}

// graphQueries ask for one object each of what a graph source reads.
func graphQueries() (list []graph.Query) {
	for _, path := range []string{"applications", "servicePrincipals"} {
		list = append(list, graph.Query{Path: path, Select: []string{"id"}, Top: 1, Permission: "Application.Read.All"})
	}
	return list
}

// directoryQueries ask for one object each of what the directory reads.
func directoryQueries() []graph.Query {
	return append(graphQueries(),
		graph.Query{Path: "domains", Select: []string{"id"}, Permission: "Domain.Read.All"},
		graph.Query{Path: "directoryRoles", Select: []string{"id"}, Permission: "RoleManagement.Read.Directory"})
}

// CheckSinks goes online and checks the sink of that name, or all for "", step by step. With send, each but files gets a test
// event of the table checkup.Table. Each is told to show once it is known. The error is ErrUnknownSink or what show returned.
func CheckSinks(ctx context.Context, c config.Config, name string, send bool, show func(checkup.Report) error) error {
	show = cleanReports(c.Secrets, show)
	all := c.Sinks.All()
	if name != "" {
		one, known := c.Sinks.Named(name)
		if !known {
			return unknownSink(c, name)
		}
		all = []sink.Configured{one}
	}
	var test *enrich.Event
	if send {
		machine, _ := os.Hostname() // unknown is the nil value
		event, err := checkup.Event(time.Now(), machine)
		if err != nil {
			return err
		}
		test = &event
	}
	for _, s := range all {
		r := s.Check(ctx, test)
		r.Of = "sink " + s.Name
		if err := show(r); err != nil {
			return err
		}
	}
	return nil
}
