package story_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

func monday() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

// everything is a day in which each ordinary row comes, and the attack.
var everything = sync.OnceValue(func() []story.Row {
	return append(story.Day(1, monday(), 8000), story.Attack(1, monday())...)
})

func TestSameSeedSameRows(t *testing.T) {
	if !reflect.DeepEqual(story.Day(7, monday(), 500), story.Day(7, monday(), 500)) {
		t.Error("one seed made two days")
	}
	if !reflect.DeepEqual(story.Attack(7, monday()), story.Attack(7, monday())) {
		t.Error("one seed made two attacks")
	}
	if !reflect.DeepEqual(story.Inventory(7, monday(), 500), story.Inventory(7, monday(), 500)) {
		t.Error("one seed made two inventories")
	}
	if reflect.DeepEqual(story.Day(7, monday(), 500), story.Day(8, monday(), 500)) {
		t.Error("two seeds made the same day")
	}
}

func TestRowsFitTheSchema(t *testing.T) {
	for _, r := range append(story.Inventory(1, monday(), 300), everything()...) {
		table, ok := schema.Lookup(r.Table)
		if !ok {
			t.Fatalf("no table is called %s", r.Table)
		}
		var row map[string]any
		if err := json.Unmarshal(r.JSON, &row); err != nil {
			t.Fatalf("row %d: %v in %s", r.Serial, err, r.JSON)
		}
		for name, value := range row {
			column, ok := table.Column(name)
			if !ok {
				t.Fatalf("%s has no column %s", r.Table, name)
			}
			if text := fits(table, column, value); text != "" {
				t.Fatalf("%s.%s: %s: %v", r.Table, name, text, value)
			}
		}
		if strings.Contains(string(r.JSON), "${") || strings.Contains(string(r.JSON), "#{") {
			t.Fatalf("a placeholder is left in %s", r.JSON)
		}
	}
}

// fits says why value is none of the column's type, "" when it is. The workspace writes times with seven digits, Graph as
// short as it can.
func fits(table schema.Table, c schema.Column, value any) string {
	layout := "2006-01-02T15:04:05.0000000Z"
	if table.Local {
		layout = time.RFC3339
	}
	text, isText := value.(string)
	ok := isText
	switch c.Type {
	case enrich.Dynamic:
		ok = !isText
	case enrich.Bool:
		_, ok = value.(bool)
	case enrich.Int, enrich.Long, enrich.Real:
		_, ok = value.(float64)
	case enrich.Datetime:
		_, err := time.Parse(layout, text)
		ok = err == nil
	}
	if !ok {
		return "not a " + string(c.Type)
	}
	if c.JSON && text != "" && !json.Valid([]byte(text)) {
		return "not JSON in a string"
	}
	return ""
}

func TestEveryTableComes(t *testing.T) {
	count := map[string]int{}
	rows := everything()
	for _, r := range rows {
		count[r.Table]++
	}
	for _, table := range []string{
		"AuditLogs", "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs",
		"AzureActivity", "AzureDiagnostics", "AZKVAuditLogs", "OfficeActivity",
	} {
		if count[table] < 100 {
			t.Errorf("%s has %d rows of %d", table, count[table], len(rows))
		}
	}
	if signIns := count["AADNonInteractiveUserSignInLogs"] + count["SigninLogs"]; signIns < len(rows)/2 {
		t.Errorf("%d of %d rows are sign-ins", signIns, len(rows))
	}
}

func TestTimesAndSerials(t *testing.T) {
	rows := story.Day(3, monday(), 2000)
	for i, r := range rows {
		if i > 0 && r.Time.Before(rows[i-1].Time) || r.Time.Before(monday()) || !r.Time.Before(monday().AddDate(0, 0, 1)) {
			t.Fatalf("row %d happened at %v", i, r.Time)
		}
		if late := r.Ingested.Sub(r.Time); late < 2*time.Minute || late > 15*time.Minute {
			t.Fatalf("row %d came after %v", i, late)
		}
	}
	seen := map[int64]bool{}
	for _, r := range everything() {
		var row map[string]any
		if err := json.Unmarshal(r.JSON, &row); err != nil {
			t.Fatal(err)
		}
		text, _ := row[story.SerialColumn(r.Table)].(string)
		n, ok := story.Serial(text)
		if !ok || n != r.Serial || seen[n] {
			t.Fatalf("%s row %d: %s is %q", r.Table, r.Serial, story.SerialColumn(r.Table), text)
		}
		seen[n] = true
	}
	if _, ok := story.Serial("short"); ok {
		t.Error("a short text has a serial")
	}
}

func TestAttackTouchesTheGuide(t *testing.T) {
	want := []string{
		"admin-consent-privileged", "app-highly-privileged-permission", "app-role-assigned", "appid-uri-changed", "consent-blocked-risk",
		"credentials-added", "dangling-uri", "delegated-permission-all-users", "device-code", "end-user-consent", "keyvault-access", "logout-url-changed", "other-api-permission",
		"owner-changed", "redirect-uri-changed", "ropc", "sensitive-api-permission",
	}
	if d := cmp.Diff(want, story.Touched()); d != "" {
		t.Error(d)
	}
	var touched []string
	for i, r := range story.Attack(1, monday()) {
		if r.Step == "" || r.About == "" {
			t.Errorf("step %d says nothing of itself", i)
		}
		touched = append(touched, r.Guide...)
	}
	slices.Sort(touched)
	if d := cmp.Diff(want, slices.Compact(touched)); d != "" {
		t.Error(d)
	}
}

// The values of modified properties are JSON inside strings; the query API wraps the column once more.
func TestPropertiesAreJSONInStrings(t *testing.T) {
	for _, r := range everything() {
		if r.Table != "AuditLogs" {
			continue
		}
		var row struct {
			OperationName, ActivityDisplayName string
			TargetResources                    []struct {
				ModifiedProperties []struct{ OldValue, NewValue *string } `json:"modifiedProperties"`
			}
		}
		if err := json.Unmarshal(r.JSON, &row); err != nil {
			t.Fatal(err)
		}
		if row.OperationName != row.ActivityDisplayName {
			t.Errorf("%q is not %q", row.OperationName, row.ActivityDisplayName)
		}
		for _, target := range row.TargetResources {
			for _, p := range target.ModifiedProperties {
				for _, text := range []*string{p.OldValue, p.NewValue} {
					if text != nil && !json.Valid([]byte(*text)) {
						t.Errorf("%s: %s is not JSON", row.OperationName, *text)
					}
				}
			}
		}
	}
}

func BenchmarkDay(b *testing.B) {
	for b.Loop() {
		story.Day(1, monday(), 1000)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "rows/s")
}

// TestMoment holds that nothing of a moment lies behind or before it.
func TestMoment(t *testing.T) {
	at := monday().Add(12345 * time.Second)
	rows := story.Moment(7, at, 20)
	if len(rows) != 20 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		if !r.Time.Equal(at) || r.Serial != int64(i+1) {
			t.Errorf("row %d of serial %d happened at %s", i, r.Serial, r.Time)
		}
	}
}
