package loganalyticstest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// TestStoryArrivesWhole reads a made-up day and the attack with queries of the host's form, in halves of time and of
// slots, and compares the serials.
func TestStoryArrivesWhole(t *testing.T) {
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	s := start(t, loganalyticstest.Options{Now: func() time.Time { return begin.AddDate(0, 0, 2) }})
	want := map[string]map[int64]bool{}
	for _, r := range append(story.Day(1, begin, 2000), story.Attack(1, begin)...) {
		if err := s.Add(r.Table, r.Ingested, r.JSON); err != nil {
			t.Fatal(err)
		}
		if want[r.Table] == nil {
			want[r.Table] = map[int64]bool{}
		}
		want[r.Table][r.Serial] = true
	}
	c := connect(t, s)
	for table, serials := range want {
		if s.Rows(table) != len(serials) {
			t.Errorf("%s holds %d rows, want %d", table, s.Rows(table), len(serials))
		}
		for part := range 4 {
			from := begin.Add(time.Duration(part/2) * 12 * time.Hour)
			results, err := ask(t, s, c, fmt.Sprintf("%s\n| where TimeGenerated >= datetime(%s)\n| where ingestion_time() >= datetime(%s) and ingestion_time() < datetime(%s)\n"+
				"| where hash(_ItemId, 2) == %d\n| extend I = ingestion_time(), N = _ItemId\n| order by I asc, N asc",
				table, stamp(from.Add(-72*time.Hour)), stamp(from), stamp(from.Add(12*time.Hour+20*time.Minute*time.Duration(part/2))), part%2))
			if err != nil {
				t.Fatal(err)
			}
			answer := results.Tables[0]
			last := ""
			for _, row := range answer.Rows {
				at, id, serial := "", "", ""
				for i, column := range answer.Columns {
					switch *column.Name {
					case "I":
						at = row[i].(string)
					case "N":
						id = row[i].(string)
					case story.SerialColumn(table):
						serial = row[i].(string)
					}
				}
				if at+id <= last {
					t.Fatalf("%s: %s follows %s", table, at+id, last)
				}
				last = at + id
				n, ok := story.Serial(serial)
				if !ok || !serials[n] {
					t.Fatalf("%s: nobody added %q, or it came twice", table, serial)
				}
				delete(serials, n)
			}
		}
		if len(serials) > 0 {
			t.Errorf("%s: %d rows are missing", table, len(serials))
		}
	}
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.0000000Z") }

// TestCells is how cells of stored rows look on the wire.
func TestCells(t *testing.T) {
	s := start(t, loganalyticstest.Options{Now: noon})
	for column, cells := range map[string]map[string]string{
		"TargetResources":      {`[ {"a": 1} ]`: `"[{\"a\":1}]"`, `"[1]"`: `"[1]"`, `"plain"`: `"plain"`, `null`: `null`, `7`: `"7"`},
		"OperationName":        {`"a\u0000\n–"`: `"a\u0000\n–"`, `null`: `""`, `7`: `"7"`},
		"ActivityDateTime":     {`"2026-03-02T12:00:00+01:00"`: `"2026-03-02T11:00:00.0000000Z"`, `"x"`: `null`, `null`: `null`},
		"DurationMs":           {`9007199254740993`: `9007199254740993`, `"12"`: `12`, `""`: `null`, `1.5`: `null`},
		"TimeGenerated":        {`"2026-03-02T11:00:00.12345678Z"`: `"2026-03-02T11:00:00.1234567Z"`},
		"NotInTheSchemaAtAll":  {`"x"`: `"x"`, `{"a":1}`: `"{\"a\":1}"`},
		"IsInteractive_Nobody": {`true`: `"true"`},
	} {
		for stored, want := range cells {
			add(t, s, "AuditLogs", noon(), `{"`+column+`":`+stored+`,"_ItemId":"only"}`)
			_, text := post(t, s, `{"query":"AuditLogs | where _ItemId == 'only' | project `+column+` | take 1"}`, http.Header{"Content-Type": {"application/json"}, "Accept-Encoding": {"identity"}})
			if !strings.Contains(text, `"rows":[[`+want+`]]`) {
				t.Errorf("%s %s: got %s, want %s", column, stored, text, want)
			}
			s.Drop("AuditLogs")
		}
	}
}

func TestColumnsOfAzureDiagnosticsComeWithRows(t *testing.T) {
	s := start(t, loganalyticstest.Options{Now: noon})
	s.Create("AzureDiagnostics")
	c := connect(t, s)
	const query = "AzureDiagnostics | where httpStatusCode_d == 403"
	if _, err := ask(t, s, c, query); err == nil || !strings.Contains(err.Error(), "SEM0100") {
		t.Errorf("a column that no row has: %v", err)
	}
	add(t, s, "AzureDiagnostics", noon(), `{"httpStatusCode_d":403}`)
	if r, err := ask(t, s, c, query); err != nil || len(r.Tables[0].Rows) != 1 {
		t.Errorf("got %v %v", r, err)
	}
}

func TestLoad(t *testing.T) {
	s := start(t, loganalyticstest.Options{Now: noon})
	text := `{"Type":"AuditLogs","TimeGenerated":"2026-03-02T11:00:00Z"}` + "\n\n" + `{"Type":"SigninLogs","TimeGenerated":"2026-03-02T11:30:00Z"}` + "\n"
	later := func(_ string, happened time.Time) time.Time { return happened.Add(10 * time.Minute) }
	if err := s.Load(strings.NewReader(text), later); err != nil {
		t.Fatal(err)
	}
	r, err := ask(t, s, connect(t, s), "SigninLogs | project ingestion_time()")
	if err != nil || r.Tables[0].Rows[0][0] != "2026-03-02T11:40:00.0000000Z" {
		t.Errorf("got %v %v", r, err)
	}
	for _, bad := range []string{"{", `{"a":1}`, `[]`} {
		if err := s.Load(strings.NewReader(text+bad), nil); err == nil || !strings.HasPrefix(err.Error(), "line 4: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// BenchmarkReply serves 100,000 rows of one table, sorted, as the host reads them.
func BenchmarkReply(b *testing.B) {
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	s, err := loganalyticstest.New(loganalyticstest.Options{Now: func() time.Time { return begin.AddDate(0, 0, 2) }, ByteLimit: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const rows = 100_000
	line, err := json.Marshal(map[string]any{"TimeGenerated": begin, "OperationName": "Update application", "TargetResources": strings.Repeat("x", 1000)})
	if err != nil {
		b.Fatal(err)
	}
	for i := range rows {
		if err := s.Add("AuditLogs", begin.Add(time.Duration(i)*time.Millisecond), line); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n, err := loganalyticstest.Measure(s, "AuditLogs | where ingestion_time() >= datetime(2026-03-02) | extend I = ingestion_time(), N = _ItemId | order by I asc, N asc")
		if err != nil || n < rows*1000 {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
