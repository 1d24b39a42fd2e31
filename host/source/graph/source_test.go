package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	msgraph "github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// tenant is a directory in memory.
type tenant struct {
	objects map[string][]string // JSON by collection
	fail    error
}

func (g *tenant) List(_ context.Context, q msgraph.Query, each func(msgraph.Object) error) error {
	for i, text := range g.objects[q.Path] {
		if g.fail != nil && i == len(g.objects[q.Path])/2 {
			return g.fail
		}
		var o struct{ ID string }
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return err
		}
		if err := each(msgraph.Object{ID: o.ID, JSON: json.RawMessage(text)}); err != nil {
			return err
		}
	}
	return g.fail
}

func quiet() logrus.FieldLogger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// app is an application with one secret and one redirect URI.
func app(id, end, uri string) string {
	return fmt.Sprintf(`{"id":%q,"appId":"app-%s","displayName":"orders","keyCredentials":[],"web":{"redirectUris":[%q],"logoutUrl":"https://a.example/out"},
		"passwordCredentials":[{"keyId":"k","hint":"abc","secretText":null,"startDateTime":"1999-12-01T00:00:00Z","endDateTime":%q}]}`, id, id, uri, end)
}

const (
	later = "2001-01-01T00:00:00Z" // synctest begins in the year 2000
	soon  = "2000-02-15T00:00:00Z"
)

// plan returns the next window; the test ends when there is none.
func plan(t *testing.T, s *Source, frontier time.Time) pipeline.Window {
	t.Helper()
	w, wait, ok, err := s.Plan(t.Context(), frontier)
	if !ok || err != nil {
		t.Fatalf("no window: wait %v, %v", wait, err)
	}
	return w
}

// read returns the events of a window, sorted by the objects' ids.
func read(t *testing.T, s *Source, w pipeline.Window) (events []enrich.Event) {
	t.Helper()
	err := s.Read(t.Context(), w, "", func(b pipeline.Batch) error {
		events = append(events, b.Events...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(events, func(a, b enrich.Event) int { return strings.Compare(a.Text("id"), b.Text("id")) })
	return events
}

func ids(events []enrich.Event) (list []string) {
	for i := range events {
		list = append(list, events[i].Text("id"))
	}
	return list
}

func expect(t *testing.T, s *Source, w pipeline.Window, want ...string) []enrich.Event {
	t.Helper()
	events := read(t, s, w)
	if got := ids(events); !slices.Equal(got, want) {
		t.Errorf("%v holds %v, want %v", w, got, want)
	}
	return events
}

func TestNewAndChangedObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{
			"applications":      {app("a", later, "https://a.example"), app("b", later, "https://b.example")},
			"servicePrincipals": {`{"id":"s","appId":"x","servicePrincipalType":"Application","replyUrls":["https://s.example"]}`},
		}}
		store := ledgertest.New()
		s := newSource(Defaults(), g, store, quiet())
		first := plan(t, s, time.Time{})
		expect(t, s, first, "a", "b", "s")

		if _, wait, ok, err := s.Plan(t.Context(), first.To); ok || err != nil || wait <= 59*time.Minute {
			t.Errorf("at once again: wait %v, %v, %v", wait, ok, err)
		}
		g.objects["applications"] = []string{ // another name and another order, a changed URI, a new one
			app("c", later, "https://c.example"), app("b", later, "https://changed.example"),
			strings.Replace(app("a", later, "https://a.example"), "orders", "renamed", 1),
		}
		g.objects["servicePrincipals"][0] = strings.Replace(g.objects["servicePrincipals"][0], `"replyUrls"`, `"logoutUrl":"https://s.example/out","replyUrls"`, 1)
		time.Sleep(time.Hour)
		second := plan(t, s, first.To)
		if !second.From.Equal(first.To) {
			t.Errorf("%v doesn't follow %v", second, first)
		}
		expect(t, s, second, "b", "c", "s")
		expect(t, s, first, "a") // b and s moved on

		// What was seen outlives the process; an object that is gone is forgotten.
		g.objects["applications"] = g.objects["applications"][:2]
		s = newSource(Defaults(), g, store, quiet())
		time.Sleep(time.Hour + time.Second)
		third := plan(t, s, second.To)
		expect(t, s, third)
		if store.Count(s.name, "") != 3 {
			t.Errorf("%d objects are remembered, want 3", store.Count(s.name, ""))
		}
		// Without what was seen, everything is new.
		expect(t, newSource(Defaults(), g, nil, quiet()), third)
		lost := newSource(Defaults(), g, nil, quiet())
		expect(t, lost, plan(t, lost, time.Time{}), "b", "c", "s")
	})
}

func TestEventIDsAreThoseOfTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {app("a", later, "https://a.example"), app("b", later, "https://a.example")}}}
		open := func() *Source { return newSource(Defaults(), g, nil, quiet()) }
		s := open()
		w := plan(t, s, time.Time{})
		before := read(t, s, w)
		if before[0].ID == before[1].ID || len(before[0].ID) != 32 {
			t.Errorf("ids %q, %q", before[0].ID, before[1].ID)
		}
		if again := read(t, s, w); again[0].ID != before[0].ID || !again[0].Time.Equal(before[0].Time) {
			t.Error("a window that is read again gives other events")
		}
		time.Sleep(time.Minute)
		s = open()
		if again := read(t, s, plan(t, s, time.Time{})); again[0].ID != before[0].ID {
			t.Error("a new process gives the same state another id")
		}
		g.objects["applications"][0] = app("a", later, "https://other.example")
		s = open()
		if again := read(t, s, plan(t, s, time.Time{})); again[0].ID == before[0].ID || again[1].ID != before[1].ID {
			t.Error("the ids don't follow the states")
		}
	})
}

func TestTimeChangesCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {app("a", soon, "https://a.example"), app("b", later, "https://b.example")}}}
		c := Defaults()
		c.Every = 24 * time.Hour
		s := newSource(c, g, nil, quiet())
		w, seen := plan(t, s, time.Time{}), map[string]int{}
		for range 60 {
			for _, id := range ids(read(t, s, w)) {
				seen[id]++
			}
			time.Sleep(24*time.Hour + time.Second)
			w = plan(t, s, w.To)
		}
		if seen["a"] != 3 || seen["b"] != 1 {
			t.Errorf("rows by object: %v, want 3 of a (new, ends soon, over) and 1 of b", seen)
		}
	})
}

func TestRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{
			"applications":      {app("a", later, "https://a.example/<&>")},
			"servicePrincipals": {`{"id":"s","appId":"x","logoutUrl":"https://out.example"}`},
		}}
		s := newSource(Defaults(), g, nil, quiet())
		events := read(t, s, plan(t, s, time.Time{}))
		if got := events[1].Text("logoutUrl"); got != "https://out.example" {
			t.Errorf("the logout URL is %q", got)
		}
		e := events[0]
		if e.Table != Table || !e.Time.Equal(time.Now()) || e.Text("Type") != Table || e.Text("TimeGenerated") == "" {
			t.Errorf("event is %+v", e)
		}
		text := "{" + string(e.AppendFields(nil)) + "}"
		for _, secret := range []string{"hint", "abc", "secretText"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", secret, text)
			}
		}
		var columns map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &columns); err != nil {
			t.Fatal(err)
		}
		table, _ := schema.Lookup(Table)
		if want := `{"redirectUris":["https://a.example/\u003c\u0026\u003e"],"logoutUrl":"https://a.example/out"}`; string(columns["web"]) != want {
			t.Errorf("web is %s, want %s", columns["web"], want)
		}
		for name := range columns {
			if _, known := table.Column(name); !known {
				t.Errorf("the table has no column %s", name)
			}
		}
		if string(columns["keyCredentials"]) != "[]" {
			t.Errorf("keyCredentials is %s", columns["keyCredentials"])
		}
	})
}

func TestFailuresChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {app("a", later, "https://a.example"), app("b", later, "https://b.example")}}}
		store := ledgertest.New()
		s := newSource(Defaults(), g, store, quiet())
		for _, tt := range []struct {
			err  error
			wait time.Duration
		}{
			{&msgraph.Error{Status: 429, Wait: time.Minute}, time.Minute},
			{&msgraph.Error{Status: 403}, refusedPause},
			{&msgraph.Error{Status: 503}, 0},
			{errors.New("no route to host"), 0},
		} {
			g.fail = tt.err
			_, _, ok, err := s.Plan(t.Context(), time.Time{})
			var wait time.Duration
			if asked := new(pipeline.RetryAfter); errors.As(err, &asked) {
				wait = asked.Wait
			}
			if ok || !errors.Is(err, tt.err) || wait != tt.wait || store.Count(s.name, "") > 0 {
				t.Errorf("%v: ok %v, error %v, %d sightings", tt.err, ok, err, store.Count(s.name, ""))
			}
		}
		full := errors.New("disk full")
		store.Fail(full)
		g.fail = nil
		if _, _, ok, err := s.Plan(t.Context(), time.Time{}); ok || !errors.Is(err, full) {
			t.Errorf("disk full: %v, %v", ok, err)
		}
		store.Fail(nil)
		w := plan(t, s, time.Time{})
		g.fail = errors.New("in the middle")
		if err := s.Read(t.Context(), w, "", func(pipeline.Batch) error { return nil }); !errors.Is(err, g.fail) {
			t.Errorf("error is %v", err)
		}
		g.fail = nil
		own := errors.New("the sink's")
		if err := s.Read(t.Context(), w, "", func(pipeline.Batch) error { return own }); err != own { //nolint:errorlint // as it is
			t.Errorf("error is %v", err)
		}
		expect(t, s, w, "a", "b")
	})
}

func TestStrangeObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {
			`{"id":"x","keyCredentials":7}`, `{"displayName":"no id"}`, `{"id":"n","web":null,"keyCredentials":null,"displayName":null}`, app("a", "never", "u"),
		}}}
		s := newSource(Defaults(), g, nil, quiet())
		expect(t, s, plan(t, s, time.Time{}), "a", "n")
	})
}

func TestClockThatWasPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {app("a", later, "u")}}}
		s := newSource(Defaults(), g, nil, quiet())
		frontier := time.Now().Add(48 * time.Hour)
		w := plan(t, s, frontier)
		expect(t, s, w, "a")
		if _, wait, ok, _ := s.Plan(t.Context(), w.To); ok || wait != time.Hour {
			t.Errorf("wait %v, %v: it would never rest", wait, ok)
		}
	})
}

func TestOnceIsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSource(Defaults(), &tenant{objects: map[string][]string{"applications": {app("a", later, "u")}}}, nil, quiet())
		s.Once = true
		w := plan(t, s, time.Time{})
		expect(t, s, plan(t, s, time.Time{}), "a") // the window that was planned isn't begun yet
		time.Sleep(48 * time.Hour)
		if _, _, ok, err := s.Plan(t.Context(), w.To); ok || err != nil {
			t.Errorf("a second look: %v, %v", ok, err)
		}
	})
}

func TestManyObjectsComeInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{}}
		for i := range 2000 {
			g.objects["applications"] = append(g.objects["applications"], app(fmt.Sprintf("%04d", i), later, "u"))
		}
		s := newSource(Defaults(), g, nil, quiet())
		w, n := plan(t, s, time.Time{}), 0
		err := s.Read(t.Context(), w, "", func(b pipeline.Batch) error {
			if len(b.Events) > batchEvents || b.Next != "" {
				t.Errorf("a batch of %d with mark %q", len(b.Events), b.Next)
			}
			n += len(b.Events)
			return nil
		})
		if err != nil || n != 2000 {
			t.Errorf("%d events, %v", n, err)
		}
	})
}

func TestSightingsOnDisk(t *testing.T) {
	one := sighting{at: time.UnixMicro(1_700_000_000_123_456).UTC(), digest: [16]byte{1, 2, 3}}
	value := encode("id", one)
	if got, ok := decode("id", value); !ok || got != one {
		t.Errorf("got %+v, %v", got, ok)
	}
	for i := range value {
		for bit := range 8 {
			damaged := slices.Clone(value)
			damaged[i] ^= 1 << bit
			if _, ok := decode("id", damaged); ok {
				t.Errorf("byte %d bit %d: damage isn't seen", i, bit)
			}
		}
	}
	if _, ok := decode("other", value); ok {
		t.Error("a value of another object is taken")
	}
	if _, ok := decode("id", nil); ok {
		t.Error("no value is taken")
	}
}

func TestConfig(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"name: ":   func(c *Config) { c.Name = "a:b" },
		"every: ":  func(c *Config) { c.Every = 0 },
		"cloud: ":  func(c *Config) { c.Cloud = "mars" },
		"ca_file:": func(c *Config) { c.CAFile = "/does/not/exist" },
	} {
		c := Defaults()
		change(&c)
		if _, _, err := New(c, nil, quiet()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

// FuzzObject looks for objects that break the reader, and for states that depend on the order of credentials.
func FuzzObject(f *testing.F) {
	f.Add([]byte(app("a", later, "https://a.example")))
	f.Add([]byte(`{"id":"a","keyCredentials":[{"keyId":"1"},{"keyId":"2"}],"replyUrls":["a","b"]}`))
	f.Add([]byte(`{"id":"a","web":null,"spa":{}}`))
	parser := enrich.NewObjectParser(schema.TypeOf)
	f.Fuzz(func(t *testing.T, raw []byte) {
		one, err := parse(raw)
		if err != nil {
			return
		}
		at := time.UnixMicro(1_700_000_000_000_000).UTC()
		before := one.digest(at)
		e, err := one.event(at, parser)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		slices.Reverse(one.KeyCredentials)
		slices.Reverse(one.ReplyURLs)
		if one.digest(at) != before {
			t.Errorf("%q: the order counts", raw)
		}
		if e.Text("id") != one.ID && !strings.ContainsRune(one.ID, '\uFFFD') {
			t.Errorf("%q: id %q", raw, e.Text("id"))
		}
	})
}

// TestSightingsKeepTheirPlace holds the bucket in which sightings lie on disks already.
func TestSightingsKeepTheirPlace(t *testing.T) {
	if got := newSource(Defaults(), &tenant{}, nil, quiet()).seen.bucket; got != "graph:entra:GraphApplications" {
		t.Errorf("sightings are looked for in %q", got)
	}
}

// TestOldFile knows the objects that an earlier version has seen, and since when: only what is new has a row.
func TestOldFile(t *testing.T) {
	store, err := boltstore.Open(ledgertest.OldFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	g := &tenant{objects: map[string][]string{"applications": {app("a", later, "https://a.example"), app("b", later, "https://b.example")}}}
	s := newSource(Defaults(), g, store, quiet())
	seen := time.Date(2026, 12, 1, 1, 40, 20, 39_976_000, time.UTC)
	now := seen.Add(time.Hour)
	if err := s.look(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	before, since := pipeline.Window{To: now}, pipeline.Window{From: now, To: now.Add(time.Hour)}
	for _, e := range expect(t, s, before, "a", "b") {
		if !e.Time.Equal(seen) {
			t.Errorf("%s was seen at %v, want %v", e.Text("id"), e.Time, seen)
		}
	}
	expect(t, s, since)
	g.objects["applications"][1] = app("b", later, "https://changed.example")
	if err := s.look(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	expect(t, s, before, "a")
	expect(t, s, since, "b")
}
