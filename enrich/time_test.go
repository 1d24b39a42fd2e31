package enrich_test

import (
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// at is the instant that most of the texts below mean.
const at = "2026-09-08T10:10:00Z"

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-09-08T10:10:00Z":                   at,
		"2026-09-08T10:10:00":                    at,
		`"2026-09-08T10:10:00Z"`:                 at,
		"2026-09-08 10:10:00":                    at,
		"2026-09-08  10:10:00 ":                  at,
		"2026-09-08t10:10:00z":                   at,
		"2026-09-08T10:10Z":                      at,
		"2026-09-08 10:10":                       at,
		"2026-9-8 10:10:00":                      at,
		"20260908T101000Z":                       at,
		"20260908T101000":                        at,
		"2026-09-08T12:10:00+02:00":              at,
		"2026-09-08 12:10:00 +02:00":             at,
		"2026-09-08T12:10:00+0200":               at,
		"2026-09-08T12:10:00+02":                 at,
		"2026-09-08T05:10:00-05:00":              at,
		"2026-09-08 06:40:00.000-03:30":          at,
		"2026-09-08T10:10:00-00:00":              at,
		"2026-09-08 10:10:00 UTC":                at,
		"2026-09-08 10:10:00 GMT":                at,
		"2026-09-08 10:10:00.1":                  "2026-09-08T10:10:00.1Z",
		"2026-09-08T10:10:00.12":                 "2026-09-08T10:10:00.12Z",
		"2026-09-08 10:10:00.123000+00:00":       "2026-09-08T10:10:00.123Z",
		"2026-09-08 10:10:00,123":                "2026-09-08T10:10:00.123Z",
		"2026-09-08T10:10:00.1234567Z":           "2026-09-08T10:10:00.1234567Z",
		"2026-09-08T10:10:00.1234567":            "2026-09-08T10:10:00.1234567Z",
		"2026-09-08 10:10:00.123456789":          "2026-09-08T10:10:00.123456789Z",
		"2026-09-08 10:10:00.1234567891":         "2026-09-08T10:10:00.123456789Z",
		"2026/09/08 10:10:00":                    at,
		"2026/09/08 10:10:00 AM":                 at,
		"2026/9/8 10:10":                         at,
		"9/8/2026, 10:10:00.000 AM":              at,
		"9/8/2026 10:10:00 AM":                   at,
		"09/08/2026 10:10:00 am":                 at,
		"9/8/2026, 10:10:00\u202fAM":             at,
		"9/8/2026 10:10 a.m.":                    at,
		"9/8/2026 10:10:00 AM +00:00":            at,
		"9/8/2026 5:10:00 AM -05:00":             at,
		"9/8/2026, 12:00:00 AM":                  "2026-09-08T00:00:00Z",
		"9/8/2026, 12:30:00 PM":                  "2026-09-08T12:30:00Z",
		"9/8/2026, 11:59:59.9 PM":                "2026-09-08T23:59:59.9Z",
		"13/8/2026 10:10:00":                     "2026-08-13T10:10:00Z",
		"8/13/2026 10:10:00":                     "2026-08-13T10:10:00Z",
		"9/9/2026 10:10:00":                      "2026-09-09T10:10:00Z",
		"2/29/2028 10:10:00":                     "2028-02-29T10:10:00Z",
		"2028-02-29 23:59:59":                    "2028-02-29T23:59:59Z",
		"Tue, 08 Sep 2026 10:10:00 GMT":          at,
		"08 Sep 2026 10:10:00 +0000":             at,
		"8 September 2026 10:10:00":              at,
		"08-Sep-2026 10:10:00":                   at,
		"Sep 8, 2026, 10:10:00 AM":               at,
		"Tuesday, September 8, 2026 10:10:00 AM": at,
		"Tue Sep 08 2026 10:10:00 GMT+0000 (Coordinated Universal Time)": at,
		"1788862200":                 at,
		"1788862200.0":               at,
		"1788862200.25":              "2026-09-08T10:10:00.25Z",
		"1788862200000":              at,
		"1788862200123":              "2026-09-08T10:10:00.123Z",
		"1.7888622e9":                at,
		"1.7888622E+12":              at,
		"/Date(1788862200000)/":      at,
		`\/Date(1788862200123)\/`:    "2026-09-08T10:10:00.123Z",
		"/Date(1788862200000+0200)/": at,
	} {
		want, err := time.Parse(time.RFC3339Nano, want)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := enrich.ParseTime(text); !ok || got != want {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", text, got, ok, want)
		}
	}
}

func TestParseTimeUnknown(t *testing.T) {
	for _, text := range []string{
		"", " ", "None", "null", "yesterday", "0", "1", "-1788862200", "20260908", "20260908101000", "639244050000000000", "1e400",
		"9/8/2026 10:10:00", "09/08/2026 10:10", "9/8/26 10:10:00 AM", "08.09.2026 10:10:00", "08-09-2026 10:10:00",
		"9/8/2026 13:10:00 PM", "9/8/2026 0:10:00 AM", "13/13/2026 10:10:00", "0/8/2026 10:10:00 AM",
		"2026-09-08", "2026/09/08", "9/8/2026", "8 Sep 2026", "2026-09", "10:10:00", "2026-W37-2T10:10:00", "2026-251T10:10:00",
		"2026-02-29T10:10:00", "2026-02-30 10:10:00", "2026-13-08 10:10:00", "2026-00-08 10:10:00", "2026-09-31 10:10:00",
		"2026-09-08 24:00:00", "2026-09-08 10:60:00", "2026-09-08 23:59:60", "2026-09-08 10:10:00.", "2026-09-08 10:10:00.x",
		"2026-09-08 10:10:00 PST", "2026-09-08 10:10:00 +15:00", "2026-09-08 10:10:00 +2", "2026-09-08T10:10:00ZZ",
		"0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "1601-01-01T00:00:00Z", "1/1/0001 12:00:00 AM", "1970-01-01T00:00:00Z",
		"/Date(-62135596800000)/", "/Date(0)/", "/Date()/", "Sept 8 2026 10:10:00", "x 2026-09-08 10:10:00",
		strings.Repeat("2026-09-08 10:10:00 ", 100),
	} {
		if got, ok := enrich.ParseTime(text); ok || !got.IsZero() {
			t.Errorf("ParseTime(%q) = %v, %v; want unknown", text, got, ok)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{at, "9/8/2026, 10:10:00.123 AM", "/Date(1788862200000)/", "1788862200", "Tue, 08 Sep 2026 10:10:00 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := enrich.ParseTime(text)
		if ok == got.IsZero() || got.Location() != time.UTC {
			t.Fatalf("ParseTime(%q) = %v, %v", text, got, ok)
		}
		if !ok || got.Year() > 9999 {
			return
		}
		if again, ok := enrich.ParseTime(got.Format(time.RFC3339Nano)); !ok || !again.Equal(got) {
			t.Fatalf("%q is %v, which is read as %v, %v", text, got, again, ok)
		}
	})
}

// TestHappenedAt holds from which cells the time of an event is made.
func TestHappenedAt(t *testing.T) {
	for row, want := range map[string]string{
		`{"TimeGenerated":"2026-09-08 10:10:00"}`: at,
		`{"TimeGenerated":1788862200}`:            at,
		`{"TimeGenerated":1788862200000}`:         at,
		`{"TimeGenerated":"1788862200"}`:          at,
		`{"TimeGenerated":"2026-11-08T10:10:00Z","_OriginalTimeGenerated":"2026-09-08T10:10:00Z"}`: at,
		`{"TimeGenerated":"2026-09-08T10:10:00Z","_OriginalTimeGenerated":""}`:                     at,
		`{"TimeGenerated":"2026-11-08T10:10:00Z","_OriginalTimeGenerated":"9/8/2026 10:10"}`:       "",
		`{"TimeGenerated":"None"}`: "", `{"TimeGenerated":null}`: "", `{"TimeGenerated":true}`: "", `{}`: "",
		`{"TimeGenerated":{"at":"2026-09-08T10:10:00Z"}}`: "", `{"TimeGenerated":["2026-09-08T10:10:00Z"]}`: "",
	} {
		_, _, parsed, err := enrich.NewObjectParser(nil).Parse([]byte(row))
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if e := enrich.NewEvent("AuditLogs", parsed); !e.Time.IsZero() {
			got = e.Time.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", row, got, want)
		}
	}
}

func TestIsNothing(t *testing.T) {
	for _, text := range []string{
		"", " ", "None", "none", "NONE", "null", "NULL", "Null", "N/A", "n/a", "-", " - ", "—", "nan", "NaN", "undefined", "(null)", "<nil>",
		"00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "00000000000000000000000000000000",
	} {
		if !enrich.IsNothing(text) {
			t.Errorf("%q stands for nothing", text)
		}
	}
	for _, text := range []string{
		"Nan", "Nona", "0", "0.0.0.0", "Nathan", "none@contoso.example", "NA", "null and void", "00000003-0000-0000-c000-000000000000",
		"0000-0000", "---", "n.a.", "unknown",
	} {
		if enrich.IsNothing(text) {
			t.Errorf("%q stands for something", text)
		}
	}
}
