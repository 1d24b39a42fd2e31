package spl

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Stanzas are the stanzas of a .conf file: their settings by name.
type Stanzas map[string]map[string]string

// Knowledge is what an app tells Splunk about events.
type Knowledge struct {
	calculated map[string]map[string]*Expression // by stanza and field
	automatic  map[string][]automatic            // lookups by stanza
	sources    map[string]*regexp.Regexp         // stanzas for sources
	types      map[string]condition              // event types
	tags       map[string][]string               // by event type
	macros     map[string]string
	indexed    []string
	lookups    map[string]*table
}

// automatic is a lookup that props.conf asks for.
type automatic struct {
	table      *table
	key, input string            // a column of the table, and the field that it is compared with
	outputs    map[string]string // columns by field
}

// New reads an app: its .conf files by name, such as "props", and the texts of its lookups by file name.
func New(conf map[string]Stanzas, files map[string]string) (*Knowledge, error) {
	k := &Knowledge{
		calculated: map[string]map[string]*Expression{}, automatic: map[string][]automatic{}, types: map[string]condition{},
		sources: map[string]*regexp.Regexp{}, tags: map[string][]string{}, macros: map[string]string{}, lookups: map[string]*table{},
	}
	for name, s := range conf["macros"] {
		k.macros[name] = s["definition"]
	}
	for name, s := range conf["fields"] {
		if s["INDEXED"] == "true" {
			k.indexed = append(k.indexed, name)
		}
	}
	var errs []error
	for name, s := range conf["transforms"] {
		if s["filename"] != "" {
			t, err := newTable(files[s["filename"]])
			k.lookups[name], errs = t, append(errs, wrap("transforms", name, err))
		}
	}
	for name, s := range conf["props"] {
		errs = append(errs, wrap("props", name, k.addProps(name, s)))
	}
	for name, s := range conf["eventtypes"] {
		c, err := k.search(s["search"])
		k.types[name], errs = c, append(errs, wrap("eventtypes", name, err))
	}
	for name, s := range conf["tags"] {
		eventType, _ := strings.CutPrefix(name, "eventtype=")
		plain, err := url.PathUnescape(eventType)
		k.tags[plain], errs = slices.Sorted(maps.Keys(s)), append(errs, wrap("tags", name, err))
	}
	return k, errors.Join(errs...)
}

func wrap(file, stanza string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s.conf [%s]: %w", file, stanza, err)
}

func (k *Knowledge) addProps(stanza string, settings map[string]string) error {
	k.calculated[stanza] = map[string]*Expression{}
	if source, ok := strings.CutPrefix(stanza, "source::"); ok { // ... in it is any text
		k.sources[stanza] = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(source), `\.\.\.`, ".*") + "$")
	}
	for key, text := range settings {
		if name, ok := strings.CutPrefix(key, "EVAL-"); ok {
			e, err := Parse(text)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			k.calculated[stanza][name] = e
		}
		if strings.HasPrefix(key, "LOOKUP-") {
			l, err := k.automaticLookup(text)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			k.automatic[stanza] = append(k.automatic[stanza], l)
		}
	}
	return nil
}

// automaticLookup reads "TABLE COLUMN AS FIELD OUTPUTNEW COLUMN AS FIELD ...".
func (k *Knowledge) automaticLookup(text string) (automatic, error) {
	call, err := k.lookupCall(text)
	return automatic{table: call.table, key: call.key, input: call.input, outputs: call.outputs}, err
}

// stanzas are those that an event is read by, those of its source first, as they count before those of its source type.
func (k *Knowledge) stanzas(e *Event) (all []string) {
	for stanza, source := range k.sources {
		if source.MatchString(first(single(e.fields["source"]))) {
			all = append(all, stanza)
		}
	}
	slices.Sort(all)
	return append(all, first(single(e.fields["sourcetype"])))
}

func (k *Knowledge) eventTypes(e *Event) (all []string) {
	for name, c := range k.types {
		if c(e) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func (k *Knowledge) tagsOf(e *Event) (all []string) {
	for _, t := range e.Get("eventtype") {
		all = append(all, k.tags[t]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// table is a lookup.
type table struct {
	columns []string
	rows    [][]string
}

func newTable(text string) (*table, error) {
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("a lookup without a header: %w", err)
	}
	return &table{columns: all[0], rows: all[1:]}, nil
}

// match are the values of a column in the rows whose key is one of the values.
func (t *table) match(key string, values []string, column string) (all []string) {
	k, c := slices.Index(t.columns, key), slices.Index(t.columns, column)
	for _, v := range values {
		for _, row := range t.rows {
			if row[k] == v && row[c] != "" {
				all = append(all, row[c])
			}
		}
	}
	return all
}
