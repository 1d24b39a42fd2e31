package escu

import (
	"encoding/json"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/packaging/splunk/replay"
	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// withTheApp are the day's records as a search sees them where the Splunk app is installed: its calculated fields count before those of
// Microsoft's add-on, and as in Splunk no more is taken out of a record than its first 5,000 bytes and 100 names hold.
func withTheApp(t *testing.T) (events []*event) {
	t.Helper()
	app, err := replay.Read("../../../packaging/splunk/riskrelay")
	if err != nil {
		t.Fatal(err)
	}
	k, err := app.Knowledge()
	if err != nil {
		t.Fatal(err)
	}
	events, err = writtenFor(eventjson.Shape{Records: new(shape.Writer)}, func(e enrich.Event, record []byte) (*event, error) {
		sourcetype, ok := shape.Sourcetype(e.Table)
		if !ok {
			return nil, nil
		}
		return seenBy(t, k, sourcetype, e, record), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func seenBy(t *testing.T, k *spl.Knowledge, sourcetype string, e enrich.Event, record []byte) *event {
	t.Helper()
	envelope, err := json.Marshal(map[string]any{
		"time": e.Time.Unix(), "source": "riskrelay:w", "sourcetype": sourcetype, "event": json.RawMessage(record), "fields": map[string]string{"event_id": e.ID},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := k.Receive(envelope)
	if err != nil {
		t.Fatal(err)
	}
	is := &event{time: e.Time, fields: map[string][]string{}}
	for _, name := range seen.Names() {
		is.fields[name] = seen.Get(name)
	}
	for _, x := range extractions() { // of the add-on, where the app has no field of the name
		if v := x.of(is); len(v) > 0 {
			is.fields[x.name] = v
		}
	}
	return is
}

// TestDetectionsFindWithTheApp: what finds something with Microsoft's add-on does so where the app is installed beside it.
func TestDetectionsFindWithTheApp(t *testing.T) {
	records, seen := ofDay(t), withTheApp(t)
	for _, d := range detections(t) {
		if without, with := d.finds(t, records), d.finds(t, seen); without != with {
			t.Errorf("%s finds something %d times, with the app %d times", d.Name, without, with)
		}
	}
}
