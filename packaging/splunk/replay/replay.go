// Package replay tries the Splunk app on events that riskrelay sent: it reads the app's files strictly, has its searches evaluated by
// package spl, and puts what they find into dashboards, so that these can be drawn without Splunk.
package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/packaging/splunk/conf"
	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// App is an app's files.
type App struct {
	Conf    map[string]conf.Stanzas // by the name of the file, "props"; default.meta is "meta"
	Lookups map[string]string       // texts by file name
	Views   map[string]Dashboard    // by the name of the file without .xml
}

// Read reads the app in a folder. The error joins what is wrong in its .conf files.
func Read(dir string) (*App, error) {
	a := &App{Conf: map[string]conf.Stanzas{}, Lookups: map[string]string{}, Views: map[string]Dashboard{}}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path.Join(dir, name))
		if err == nil {
			err = a.add(name, string(text))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return a, err
}

func (a *App) add(name, text string) (err error) {
	base, kind, _ := strings.Cut(path.Base(name), ".")
	switch {
	case kind == "conf":
		a.Conf[base], err = conf.Read(base, text)
	case kind == "conf.example":
		_, err = conf.Read(base, text)
	case kind == "meta":
		a.Conf[kind], err = conf.Read(kind, text)
	case path.Dir(name) == "lookups":
		a.Lookups[path.Base(name)] = text
	case path.Dir(name) == "default/data/ui/views":
		a.Views[base], err = readView(text)
	}
	return err
}

// Knowledge is what the app tells Splunk.
func (a *App) Knowledge() (*spl.Knowledge, error) {
	files := map[string]spl.Stanzas{}
	for name, stanzas := range a.Conf {
		files[name] = spl.Stanzas(stanzas)
	}
	return spl.New(files, a.Lookups)
}

// receive reads envelopes of the collector, one a line, as hectest writes them.
func receive(k *spl.Knowledge, lines []byte) (all []*spl.Event, err error) {
	s := bufio.NewScanner(bytes.NewReader(lines))
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		e, err := k.Receive(s.Bytes())
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, s.Err()
}

// summaries are the envelopes of what riskrelay would say of the events with `summary: true`, in the form of golden, an event of such
// a summary: of each table and hour how many rows there are, all of them read and confirmed.
func summaries(events []*spl.Event, golden []byte) (lines []byte, err error) {
	type hour struct {
		table string
		begin int64
	}
	counts, order := map[hour]int{}, []hour{}
	for _, e := range events {
		h := hour{first(e.At("Type")), int64(e.Time()) / 3600 * 3600}
		if counts[h] == 0 {
			order = append(order, h)
		}
		counts[h]++
	}
	slices.SortFunc(order, func(a, b hour) int {
		return strings.Compare(fmt.Sprint(a.begin, a.table), fmt.Sprint(b.begin, b.table))
	})
	for _, h := range order {
		line, err := summary(golden, h.table, h.begin, counts[h])
		if err != nil {
			return nil, err
		}
		lines = append(append(lines, line...), '\n')
	}
	return lines, nil
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func summary(golden []byte, table string, begin int64, rows int) ([]byte, error) {
	var row map[string]any
	if err := json.Unmarshal(golden, &row); err != nil {
		return nil, fmt.Errorf("read the summary: %w", err)
	}
	from, to := stamp(begin), stamp(begin+3600)
	for name, v := range map[string]any{
		"TimeGenerated": to, "From": from, "To": to, "Stream": "la:workspace:" + table, "Table": table, "Rows": rows, "RowsRead": rows,
	} {
		if _, known := row[name]; !known {
			return nil, fmt.Errorf("the summary has no column %s", name)
		}
		row[name] = v
	}
	sinks, ok := row["Sinks"].(map[string]any)
	if !ok || len(sinks) != 1 {
		return nil, fmt.Errorf("the summary isn't about one sink")
	}
	for _, sink := range sinks {
		if of, ok := sink.(map[string]any); ok {
			of["confirmed"] = rows
		}
	}
	id := "summary-" + fmt.Sprint(row["Stream"]) + "-" + from
	row["event_id"] = id
	return json.Marshal(map[string]any{
		"time": begin + 3600, "host": "relay01", "source": "riskrelay:unknown", "sourcetype": "azure:loganalytics:riskrelaysummary",
		"event": row, "fields": map[string]any{"event_id": id},
	})
}

// Replay has the app's Splunk receive envelopes, one a line, and summaries of them in the form of golden.
func (a *App) Replay(lines, golden []byte) (*spl.Knowledge, []*spl.Event, error) {
	k, err := a.Knowledge()
	if err != nil {
		return nil, nil, err
	}
	events, err := receive(k, lines)
	if err != nil {
		return nil, nil, err
	}
	if lines, err = summaries(events, golden); err != nil {
		return nil, nil, err
	}
	of, err := receive(k, lines)
	return k, append(events, of...), err
}

// Tokens are what the dashboards' inputs choose in tests and pictures: somebody and a rule of the demonstration.
func Tokens() map[string]string {
	return map[string]string{"actor": "admin.tom@contoso.example", "rule": "entra.app.credential.added"}
}
