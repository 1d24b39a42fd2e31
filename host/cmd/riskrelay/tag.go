package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/source/file"
)

// ruleFlags are the flags that say which rules a command works on.
type ruleFlags struct {
	ruleset.Options
	at  string
	err func() io.Writer // where warnings about rules go
}

func (f *ruleFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.Paths, "rules", nil, "rule file, or directory of rule files (may be repeated)")
	c.Flags().BoolVar(&f.Builtin, "builtin", true, "take the built-in rules too")
	f.addContext(c)
}

// addContext adds the flags that say with what rules are evaluated.
func (f *ruleFlags) addContext(c *cobra.Command) {
	f.err = c.ErrOrStderr
	c.Flags().StringArrayVar(&f.Tuning, "tuning", nil, "tuning file, or directory of tuning files (may be repeated)")
	c.Flags().StringVar(&f.Context, "context", "", "context file: business hours, verified domains, DNS verdicts, lists, ...")
	c.Flags().StringVar(&f.at, "at", "", "pinned clock, RFC 3339, such as 2026-01-02T15:04:05Z")
}

// load reads the rules and returns the CEL module configured with them.
func (f *ruleFlags) load(ctx context.Context) (enrich.Module, error) {
	if f.at != "" {
		at, err := time.Parse(time.RFC3339Nano, f.at)
		if err != nil {
			return nil, exit(exitConfig, fmt.Errorf("--at: %q is no time such as 2026-01-02T15:04:05Z", f.at))
		}
		f.At = at
	}
	config, err := ruleset.Load(f.Options)
	if err != nil {
		return nil, exit(exitConfig, err)
	}
	warnRules(f.err, f.Options, config)
	module := celrule.New()
	if err := module.Configure(ctx, config); err != nil {
		return nil, ruleExit(err, f.Context)
	}
	for _, p := range module.Warnings() {
		fmt.Fprintln(f.err(), p.Error()) //nolint:errcheck // nobody is left to tell
	}
	return module, nil
}

func newTag(s streams) *cobra.Command {
	var flags ruleFlags
	var onlyTagged bool
	var of shapeFlag
	c := &cobra.Command{
		Use:   "tag [FILE|-]",
		Short: "Tag events in files that Azure's tools write, and print them",
		Long: "tag reads a file as Azure's own tools write it and tells what it is: Log Analytics rows (one JSON object a line with\n" +
			"the table's name in \"Type\", the output of az, exports of the Logs blade, replies of the query API), downloads of the\n" +
			"Entra portal (JSON and CSV), replies of Microsoft Graph, diagnostic records (Event Hubs, storage accounts), and the\n" +
			"unified audit of Microsoft 365; also packed with gzip or zip. It writes each event as one JSON line with \"event_id\"\n" +
			"and, where a rule matched, \"risk\" added.",
		Example: `  riskrelay tag rows.ndjson
  riskrelay tag --only-tagged AuditLogs_2026-09-08.json
  riskrelay tag --only-tagged --context context.yaml - < rows.ndjson`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			module, err := flags.load(c.Context())
			if err != nil {
				return err
			}
			in, name := s.in, "-"
			if len(args) == 1 && args[0] != "-" {
				f, err := openRows(c.Context(), args[0])
				if err != nil {
					return err
				}
				defer f.Close() //nolint:errcheck // it was only read
				in, name = f, args[0]
			}
			t := tagger{enricher: enrich.NewEnricher(module), out: bufio.NewWriterSize(s.out, 64<<10), err: s.err, onlyTagged: onlyTagged}
			if t.known, err = tablesOf(c.Context(), module); err != nil {
				return err
			}
			return t.run(c.Context(), in, name, of)
		},
	}
	flags.add(c)
	of.add(c)
	c.Flags().BoolVar(&onlyTagged, "only-tagged", false, "leave out rows that no rule matched")
	return c
}

// maxShownLines is how many lines that aren't rows are named.
const maxShownLines = 20

// tablesOf are the tables that riskrelay knows, and those that the module's rules are about.
func tablesOf(ctx context.Context, m enrich.Module) (map[string]bool, error) {
	about, err := m.Describe(ctx)
	if err != nil {
		return nil, exit(exitRuntime, err)
	}
	known := map[string]bool{}
	for _, name := range schema.Names() {
		known[name] = true
	}
	for _, r := range about.Rules {
		for _, name := range r.Tables {
			known[name] = true
		}
	}
	return known, nil
}

// openRows opens a file of rows, or waits for the writer of a pipe until ctx ends.
func openRows(ctx context.Context, path string) (*os.File, error) {
	f, err := file.Open(ctx, path)
	if err != nil {
		return nil, stopped(ctx, exit(exitConfig, fmt.Errorf("open the rows: %w", err)))
	}
	return f, nil
}

// stopped is err, or that the command was told to stop, where that is the reason.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return exit(exitStopped, errInterrupted)
	}
	return err
}

// tagger tags rows and prints them.
type tagger struct {
	enricher   *enrich.Enricher
	out        *bufio.Writer
	err        io.Writer
	onlyTagged bool
	bad        int
	what       string          // "line", or "record" in files that aren't an event a line
	known      map[string]bool // tables that riskrelay or a rule knows
	unknown    map[string]int  // rows by table that isn't
	untimed    untimed
	line       []byte
}

func (t *tagger) run(ctx context.Context, in io.Reader, name string, of shapeFlag) error {
	t.unknown = map[string]int{}
	rows, err := of.rows(in, name, t.err, func(e *file.LineError) error {
		if t.bad++; t.bad <= maxShownLines {
			fmt.Fprintln(t.err, e) //nolint:errcheck // nobody is left to tell
		}
		return nil
	})
	if err != nil {
		return err
	}
	for {
		events, err := rows.Await(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(ctx, err)
		}
		t.enricher.Enrich(ctx, events)
		if err := t.print(events); err != nil {
			return exit(exitRuntime, fmt.Errorf("write the rows: %w", err))
		}
	}
	if t.what = "line"; !rows.Lines() {
		t.what = "record"
	}
	if rows.HasMore() {
		fmt.Fprintf(t.err, "warning: %s is a part: it says that further pages follow (@odata.nextLink)\n", name) //nolint:errcheck // nobody is left to tell
	}
	return t.summary()
}

func (t *tagger) print(events []enrich.Event) error {
	for i := range events {
		e := &events[i]
		if _, known := e.Origin(func(table string) bool { return t.known[table] }); !known {
			t.unknown[e.Table]++
		}
		t.untimed.note(e)
		if t.onlyTagged && !e.Risk.Tagged() {
			continue
		}
		line, err := eventjson.Append(t.line[:0], e)
		if err != nil {
			return err
		}
		t.line = append(line, '\n')
		if _, err := t.out.Write(t.line); err != nil {
			return err
		}
	}
	return t.out.Flush()
}

// summary reports what was odd: rows of unknown tables are only counted, lines that aren't rows are an error.
func (t *tagger) summary() error {
	for table, n := range t.unknown {
		what := fmt.Sprintf("of table %q, which no rule knows", table)
		if table == "" {
			what = `without a table (a text called "Type")`
		} else if near := diag.Suggest(table, schema.AllNames()); near != "" && !schema.Exists(table) {
			what += fmt.Sprintf(" (did you mean %s?)", near)
		}
		fmt.Fprintf(t.err, "warning: %s %s, passed through untagged\n", diag.Count(n, "row"), what) //nolint:errcheck // nobody is left to tell
	}
	t.untimed.tell(t.err)
	if t.bad > 0 {
		return exit(exitConfig, fmt.Errorf("%s can't be read as a row; all others were tagged", diag.Count(t.bad, t.what)))
	}
	return nil
}
