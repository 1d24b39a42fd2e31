package spl

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Event is an event as Splunk has it after it came to the HTTP Event Collector.
type Event struct {
	raw       string
	doc       any
	fields    map[string][]string // of KV_MODE=json, indexed fields, and those of each event
	knowledge *Knowledge
	cache     map[string][]string // of fields that are calculated
}

// envelope is what is sent to the collector.
type envelope struct {
	Time       json.Number     `json:"time"`
	Host       string          `json:"host"`
	Source     string          `json:"source"`
	Sourcetype string          `json:"sourcetype"`
	Event      json.RawMessage `json:"event"`
	Fields     map[string]any  `json:"fields"`
}

// Receive reads an envelope of the collector as an event that k knows how to read.
func (k *Knowledge) Receive(line []byte) (*Event, error) {
	var in envelope
	if err := json.Unmarshal(line, &in); err != nil {
		return nil, fmt.Errorf("read an envelope: %w", err)
	}
	e := &Event{raw: string(in.Event), knowledge: k, fields: map[string][]string{}, cache: map[string][]string{}}
	e.doc = decode(e.raw)
	extract(e.fields, e.raw)
	for name, v := range in.Fields {
		e.fields[name] = append(indexed(v), e.fields[name]...)
	}
	e.fields["_raw"], e.fields["_time"] = []string{e.raw}, []string{in.Time.String()}
	e.fields["host"], e.fields["source"], e.fields["sourcetype"], e.fields["index"] = []string{in.Host}, []string{in.Source}, []string{in.Sourcetype}, []string{"main"}
	return e, nil
}

func indexed(v any) (all []string) {
	if many, ok := v.([]any); ok {
		for _, one := range many {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return []string{fmt.Sprint(v)}
}

func (e *Event) document() (raw string, doc any) { return e.raw, e.doc }

// At are the values at a path of the event, also where Splunk takes no fields out of it any more.
func (e *Event) At(path string) (all []string) {
	for _, v := range found(e.doc, path) {
		all = append(all, native(v))
	}
	return all
}

// Time is when it happened, in seconds since 1970.
func (e *Event) Time() float64 {
	n, _ := strconv.ParseFloat(e.fields["_time"][0], 64) // 0 where Splunk would take its own clock
	return n
}

// Get are the values of a field in the order of search-time operations: taken out of JSON, calculated, looked up, event types, tags.
// https://help.splunk.com/en/splunk-enterprise/manage-knowledge-objects/knowledge-management-manual/10.0/get-started-with-knowledge-objects/the-sequence-of-search-time-operations
func (e *Event) Get(name string) []string {
	if values, done := e.cache[name]; done {
		return values
	}
	e.cache[name] = nil // what reads itself finds nothing
	values := e.find(name)
	e.cache[name] = values
	return values
}

func (e *Event) find(name string) []string {
	switch name {
	case "eventtype":
		return e.knowledge.eventTypes(e)
	case "tag":
		return e.knowledge.tagsOf(e)
	}
	stanzas := e.knowledge.stanzas(e)
	for _, stanza := range stanzas {
		if calculated, ok := e.knowledge.calculated[stanza][name]; ok {
			return calculated.Eval(extracted{e})
		}
	}
	if values := e.fields[name]; len(values) > 0 {
		return values
	}
	for _, stanza := range stanzas {
		for _, l := range e.knowledge.automatic[stanza] {
			if column, gives := l.outputs[name]; gives {
				return l.table.match(l.key, e.Get(l.input), column)
			}
		}
	}
	return nil
}

// extracted is an event as calculated fields see it: without each other.
type extracted struct{ *Event }

// Get are the values of a field that isn't calculated.
func (e extracted) Get(name string) []string { return e.fields[name] }

// Names are the names of the fields that the event has, without those that are looked up.
func (e *Event) Names() (all []string) {
	for name := range e.fields {
		all = append(all, name)
	}
	for _, name := range e.Calculated() {
		if len(e.Get(name)) > 0 {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Calculated are the names of the fields that are calculated for events like this one.
func (e *Event) Calculated() (all []string) {
	for _, stanza := range e.knowledge.stanzas(e) {
		for name := range e.knowledge.calculated[stanza] {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
