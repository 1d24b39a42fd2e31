package config

import (
	"reflect"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestEveryKindOfSinkIsListed holds that a kind which the configuration can name is one that everybody else finds, under the same
// key, with all that they need of it.
func TestEveryKindOfSinkIsListed(t *testing.T) {
	var s Sinks
	lists, fields := s.lists(), reflect.ValueOf(&s).Elem()
	for i := range fields.NumField() {
		list, ok := fields.Field(i).Addr().Interface().(sinkList)
		if !ok {
			continue // not a list of sinks
		}
		key := fields.Type().Field(i).Tag.Get("yaml")
		if len(lists) == 0 || lists[0] != list {
			t.Errorf("%s is missing in lists, or not in the order of the fields", key)
			continue
		}
		if lists = lists[1:]; list.Kind() != key {
			t.Errorf("the sinks under %s call themselves %s", key, list.Kind())
		}
		if err := yaml.Unmarshal([]byte("[{name: one}]"), list); err != nil {
			t.Fatal(err)
		}
		one := list.All()[0]
		if one.Name != "one" || one.Kind != key || one.Promise == "" || one.Sends < 1 {
			t.Errorf("%s: %+v", key, one)
		}
		if one.Validate() == nil {
			t.Errorf("%s: a sink without a receiver is valid", key)
		}
		if made, err := one.New(); err == nil {
			t.Errorf("%s: a sink without a receiver: %v", key, made)
		}
		if r := one.Check(t.Context(), nil); !r.Failed() {
			t.Errorf("%s: the check of a sink without a receiver: %+v", key, r)
		}
		if len(one.Receivers) == 0 && key != "file" { // whose Output is empty only here
			t.Errorf("%s: nobody would notice two of them that write to one place", key)
		}
	}
}

// TestBesideWritesElsewhere has a second process leave alone what the first one writes, and the configuration itself.
func TestBesideWritesElsewhere(t *testing.T) {
	s := Sinks{File: []File{{Name: "disk"}}, SplunkHEC: []SplunkHEC{{Name: "hec"}}}
	s.File[0].Config.Path, s.SplunkHEC[0].Config.URL = "events", "https://splunk.example.com:8088"
	beside := s.Beside(".backfill")
	if got := beside.File[0].Config.Path; got != "events.backfill" {
		t.Errorf("the second process writes to %s", got)
	}
	if s.File[0].Config.Path != "events" {
		t.Error("the configuration has changed")
	}
	if !reflect.DeepEqual(s.SplunkHEC, beside.SplunkHEC) {
		t.Errorf("a sink without a file: %+v", beside.SplunkHEC)
	}
}
