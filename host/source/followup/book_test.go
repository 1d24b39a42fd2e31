package followup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// names says of hosts what it was told.
type names struct {
	mu    sync.Mutex
	known map[string]string
	asked []string
}

func (n *names) set(host, verdict string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[host] = verdict
}

func (n *names) Verdict(host string) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.known[host]
	return v, ok
}

func (n *names) Ask(host string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	return true
}

// all are the hosts that were asked for.
func (n *names) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.asked)
}

func (n *names) Busy() bool { return false }

// scene is a book with what it works with. Its rule test.dangling matches when a host of the event doesn't exist.
type scene struct {
	*Book
	disk      *ledgertest.Memory // nil with a store of another kind
	names     *names
	planned   time.Time
	confirmed time.Time
	log       *test.Hook
	judgeErr  error
}

func open(t *testing.T, d ledger.Store) *scene {
	t.Helper()
	log, hook := test.NewNullLogger()
	memory, _ := d.(*ledgertest.Memory)
	s := &scene{disk: memory, names: &names{known: map[string]string{}}, log: hook}
	var err error
	s.Book, err = Open(Options{
		Store: d, Names: s.names, Judge: s.judgeAll, Log: logrus.FieldLogger(log),
		Progress: func() (time.Time, time.Time, error) { return s.planned, s.confirmed, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) judgeAll(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	out := make([][]enrich.Tag, len(events))
	for i := range events {
		for _, host := range strings.Fields(events[i].Text("Identity")) {
			if v, _ := s.names.Verdict(host); v == "nxdomain" {
				out[i] = append(out[i], enrich.Tag{Rule: "test.dangling", Severity: enrich.High, Score: 70, Message: host})
			}
		}
		out[i] = append(out[i], enrich.Tag{Rule: "test.known", Severity: enrich.Low}, enrich.Tag{Rule: "test.quiet", Suppressed: "x"}, enrich.Tag{Rule: "test.bad", Error: "x"})
	}
	return out, s.judgeErr
}

func ask(t *testing.T, id string, hosts ...string) Question {
	t.Helper()
	line := fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":"2026-03-03T10:15:42.1234567Z","TenantId":"5d1fd0f2-9b7e-4c3a-8a54-3f1c2a0b9e21",`+
		`"CorrelationId":"c-1","OperationName":"Update application","Identity":%q,"TargetResources":"[{\"id\":1}]"}`, id, strings.Join(hosts, " "))
	_, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.NewEvent("AuditLogs", row)
	e.Risk.Add("cel", []enrich.Tag{{Rule: "test.known", Severity: enrich.Low}})
	return Question{e, hosts}
}

// answer makes a verdict known and judges.
func (s *scene) answer(t *testing.T, host, verdict string) {
	t.Helper()
	s.names.set(host, verdict)
	s.Answered(host)
	for s.judge(t.Context()) {
	}
}

// read returns the stream's next window from frontier, and what is in it.
func (s *scene) read(t *testing.T, frontier time.Time, after pipeline.Mark) (w pipeline.Window, events []enrich.Event, last pipeline.Mark) {
	t.Helper()
	stream := s.Stream()
	w, _, ok, err := stream.Plan(t.Context(), frontier)
	if err != nil || !ok {
		return w, nil, ""
	}
	err = stream.Source.Read(t.Context(), w, after, func(b pipeline.Batch) error {
		events, last = append(events, b.Events...), b.Next
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, events, last
}

// TestFollowUp answers the hosts of two events one by one: each gets one follow-up, when the rule matches for the first time.
func TestFollowUp(t *testing.T) {
	s := open(t, ledgertest.New())
	s.Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com", "b.example.com", "c.example.com"), ask(t, "row-2", "c.example.com")})
	s.Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com")}) // read again
	if f := s.Figures(); f.Kept != 2 || f.Questions != 2 || s.disk.Count(bucket, "q/") != 2 {
		t.Fatalf("%+v, %d on the disk", f, s.disk.Count(bucket, "q/"))
	}
	if _, _, ok, err := s.plan(t.Context(), time.Time{}); ok || err != nil {
		t.Errorf("planned %v, %v", ok, err)
	}
	s.answer(t, "a.example.com", "resolves")
	s.answer(t, "b.example.com", "nxdomain")
	w, events, mark := s.read(t, time.Time{}, "")
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.Table != Table || len(e.ID) != 32 || e.Risk.Follows != "row-1" || strings.Join(e.Risk.Tags, " ") != "test.dangling" ||
		e.Risk.Level != enrich.High || e.Risk.Score != 70 || len(e.Risk.Errors)+len(e.Risk.Suppressed) != 0 {
		t.Errorf("%s %s: %+v", e.Table, e.ID, e.Risk)
	}
	for column, want := range map[string]string{
		"Type": Table, "FollowsEventId": "row-1", "FollowsTable": "AuditLogs", "CorrelationId": "c-1", "OperationName": "Update application",
		"TenantId": "5d1fd0f2-9b7e-4c3a-8a54-3f1c2a0b9e21", "FollowsTimeGenerated": "2026-03-03T10:15:42.1234567Z",
	} {
		if got := e.Text(column); got != want {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	if got := string(e.Lookup("Verdicts")); got != `{"a.example.com":"resolves","b.example.com":"nxdomain","c.example.com":"unknown"}` {
		t.Errorf("verdicts %s", got)
	}
	for i := range e.Columns().Len() {
		if _, known := lookup(t).Column(e.Columns().Name(i)); !known {
			t.Errorf("the schema has no column %s", e.Columns().Name(i))
		}
	}
	s.answer(t, "c.example.com", "nxdomain") // row-1 was told of, row-2 wasn't
	if _, events, _ = s.read(t, w.To, ""); len(events) != 1 || events[0].Risk.Follows != "row-2" {
		t.Errorf("then %d events", len(events))
	}
	if _, both, _ := s.read(t, time.Time{}, mark); len(both) != 1 || both[0].Risk.Follows != "row-2" {
		t.Errorf("behind the mark %d events", len(both))
	}
	if f := s.Figures(); f.Questions != 0 || f.Made != 2 || s.disk.Count(bucket, "q/") != 0 || s.disk.Count(bucket, "f/") != 2 || len(s.byHost)+s.bytes != 0 {
		t.Errorf("%+v, %d hosts, %d bytes", f, len(s.byHost), s.bytes)
	}
}

func lookup(t *testing.T) *schema.Table {
	t.Helper()
	table, ok := schema.Lookup(Table)
	if !ok {
		t.Fatal("no such table")
	}
	return &table
}

// TestCrash opens a book again after each step: nothing is lost, nothing gets another id.
func TestCrash(t *testing.T) {
	d := ledgertest.New()
	s := open(t, d)
	s.Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com", "b.example.com"), ask(t, "row-2", "b.example.com")})
	s = open(t, d)
	if s.askAgain(); strings.Join(slices.Sorted(slices.Values(s.names.all())), " ") != "a.example.com b.example.com b.example.com" {
		t.Errorf("asked for %v", s.names.all())
	}
	s.answer(t, "a.example.com", "nxdomain")
	_, before, _ := s.read(t, time.Time{}, "")
	s = open(t, d)
	w, after, _ := s.read(t, time.Time{}, "")
	if len(before) != 1 || len(after) != 1 || before[0].ID != after[0].ID || !before[0].Time.Equal(after[0].Time) {
		t.Fatalf("%d events before, %d after", len(before), len(after))
	}
	// The disk fails while the next one is made: it is made again, and is the same.
	d.Fail(errors.New("no space"))
	s.answer(t, "b.example.com", "nxdomain")
	if f := s.Figures(); f.FollowUps != 1 || len(s.log.Entries) != 1 {
		t.Errorf("%+v, %d lines in the log", f, len(s.log.Entries))
	}
	d.Fail(nil)
	s.answer(t, "b.example.com", "nxdomain")
	if _, events, _ := s.read(t, w.To, ""); len(events) != 1 || events[0].Risk.Follows != "row-2" {
		t.Errorf("%d events", len(events))
	}
	// The same row again, after all was handed over: the same event.
	id := s.followUps[1].ID
	other := open(t, ledgertest.New())
	other.names.set("b.example.com", "nxdomain") // known meanwhile
	other.Keep(t.Context(), []Question{ask(t, "row-2", "b.example.com")})
	for other.judge(t.Context()) {
	}
	if _, events, _ := other.read(t, time.Time{}, ""); len(events) != 1 || events[0].ID != id {
		t.Errorf("%d events, want %s", len(events), id)
	}
}

// TestDamage checks that what is damaged on the disk is left out and told.
func TestDamage(t *testing.T) {
	d := ledgertest.New()
	rubbish := map[ledger.Key][]byte{questionKey("x"): []byte("x"), followUpKey(time.Unix(0, 1)): {0, 0, 0, 0, 'x'}}
	if _, err := d.Commit(ledger.Batch{Put: rubbish}); err != nil {
		t.Fatal(err)
	}
	open(t, d).Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com")})
	s := open(t, d)
	if f := s.Figures(); f.Questions != 1 || f.Dropped != 2 || len(s.log.Entries) != 1 {
		t.Errorf("%+v", f)
	}
}

// TestClock checks that a follow-up is never planned behind the frontier, even if the clock was set back.
func TestClock(t *testing.T) {
	s := open(t, ledgertest.New())
	s.planned = time.Now().Add(time.Hour)
	again, err := Open(s.o)
	if err != nil {
		t.Fatal(err)
	}
	s.Book = again
	s.Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com")})
	s.answer(t, "a.example.com", "nxdomain")
	if _, events, _ := s.read(t, s.planned, ""); len(events) != 1 {
		t.Errorf("%d events behind the frontier", len(events))
	}
}

// TestTrim checks that follow-ups go when all sinks have them, or after two days, and questions after one.
func TestTrim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, ledgertest.New())
		for i := range 3 {
			host := fmt.Sprintf("h%d.example.com", i)
			s.Keep(t.Context(), []Question{ask(t, host, host)})
			s.answer(t, host, "nxdomain")
		}
		s.Keep(t.Context(), []Question{ask(t, "row-1", "slow.example.com")})
		s.confirmed = s.followUps[1].At
		if s.expire(); len(s.followUps) != 2 || s.disk.Count(bucket, "f/") != 2 {
			t.Errorf("%d follow-ups", len(s.followUps))
		}
		time.Sleep(questionLife)
		if s.expire(); len(s.followUps) != 2 || s.Figures().Questions != 0 || s.Figures().Expired != 1 {
			t.Errorf("%+v", s.Figures())
		}
		time.Sleep(questionLife + time.Second)
		if s.expire(); len(s.followUps) != 0 || s.disk.Count(bucket, "") != 0 || s.Figures().Expired != 3 {
			t.Errorf("%+v, %d on the disk", s.Figures(), s.disk.Count(bucket, ""))
		}
	})
}

// TestBounds keeps more than there is room for: the oldest make place, in memory and on the disk.
func TestBounds(t *testing.T) {
	s := open(t, ledgertest.New())
	var questions []Question
	for i := range maxQuestions + 500 {
		questions = append(questions, ask(t, fmt.Sprint("row-", i), "a.example.com"))
	}
	for part := range slices.Chunk(questions, 250) {
		s.Keep(t.Context(), part)
	}
	if f := s.Figures(); f.Questions != maxQuestions || f.Dropped != 500 || s.disk.Count(bucket, "q/") != maxQuestions || s.oldest().ID != "row-500" {
		t.Errorf("%+v, %d on the disk, oldest %s", f, s.disk.Count(bucket, "q/"), s.oldest().ID)
	}
	s.Keep(t.Context(), []Question{ask(t, "large", strings.Repeat("x", 5<<20))})
	if f := s.Figures(); f.Questions != maxQuestions || f.Dropped != 501 {
		t.Errorf("%+v", f)
	}
	for i := range 10 {
		s.Keep(t.Context(), []Question{ask(t, fmt.Sprint("big-", i), strings.Repeat("x", 1<<20))})
	}
	if f := s.Figures(); s.bytes > maxBytes || f.Questions == 0 || s.disk.Count(bucket, "q/") != f.Questions {
		t.Errorf("%d bytes, %+v", s.bytes, f)
	}
}

// TestJudgeFails checks that questions wait when the rules can't be asked.
func TestJudgeFails(t *testing.T) {
	s := open(t, ledgertest.New())
	s.Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com")})
	s.judgeErr = errors.New("no rules")
	s.answer(t, "a.example.com", "nxdomain")
	if f := s.Figures(); f.Questions != 1 || f.FollowUps != 0 {
		t.Errorf("%+v", f)
	}
	s.judgeErr = nil
	for s.judge(t.Context()) {
	}
	if f := s.Figures(); f.Questions != 0 || f.FollowUps != 1 {
		t.Errorf("%+v", f)
	}
}

// TestRun runs a book on a fake clock: answers are judged as they come, unanswered hosts asked for again.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, ledgertest.New())
		s.Keep(t.Context(), []Question{ask(t, "row-1", "a.example.com", "b.example.com")})
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { s.Run(ctx) })
		s.names.set("a.example.com", "nxdomain")
		s.Answered("a.example.com")
		synctest.Wait()
		if f := s.Figures(); f.FollowUps != 1 || f.Questions != 1 {
			t.Errorf("%+v", f)
		}
		before := len(s.names.all())
		time.Sleep(2*round + time.Second)
		synctest.Wait()
		if asked := s.names.all()[before:]; strings.Join(asked, " ") != "b.example.com b.example.com" {
			t.Errorf("asked again for %v", asked)
		}
		w, _, _ := s.read(t, time.Time{}, "")
		s.end()
		if _, _, ok, err := s.plan(t.Context(), w.To); ok || !errors.Is(err, pipeline.ErrEnd) {
			t.Errorf("at the end: %v, %v", ok, err)
		}
		cancel()
		run.Wait()
	})
}

func FuzzReadBack(f *testing.F) {
	good, err := seal(&question{ID: "x", Row: []byte(`{"a":1}`), Hosts: []string{"a"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("q/x", good)
	f.Add("f/1", good)
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		q, u, err := readBack(ledger.Entry{Key: ledger.Key{Bucket: bucket, Name: key}, Value: value})
		if err == nil && (q == nil) == (u == nil) {
			t.Errorf("%v, %v", q, u)
		}
	})
}

// TestOldFile reads what an earlier version kept: the follow-up is the same event, and what was open is judged.
func TestOldFile(t *testing.T) {
	store, err := boltstore.Open(ledgertest.OldFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := open(t, store)
	if f := s.Figures(); f.Questions != 2 || f.FollowUps != 1 || f.Dropped != 0 || len(s.log.Entries) != 0 {
		t.Fatalf("%+v, %d lines in the log", f, len(s.log.Entries))
	}
	w, events, _ := s.read(t, time.Time{}, "")
	if len(events) != 1 || events[0].ID != "d4ee61df2ef821a6891d50c0343a6a51" || events[0].Risk.Follows != "row-1" {
		t.Errorf("%+v", events)
	}
	s.answer(t, "b.example.com", "resolves")
	s.answer(t, "c.example.com", "nxdomain")
	if _, events, _ := s.read(t, w.To, ""); len(events) != 1 || events[0].Risk.Follows != "row-2" {
		t.Errorf("then %+v", events)
	}
	if f := s.Figures(); f.Questions != 0 {
		t.Errorf("%+v", f)
	}
}
