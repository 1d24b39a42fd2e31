package splunk_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// emptyInDemo are calculated fields that no event of the demonstration fills, by source type without its beginning. All others must be
// filled in some event of each table that the demonstration has, but those that rules alone fill.
func emptyInDemo() map[string]string {
	return map[string]string{
		"auditlogs result_id":                                "the service leaves ResultType empty in audit logs of successes",
		"aadserviceprincipalsigninlogs user_agent":           "the story's programs don't say what they are",
		"aadmanagedidentitysigninlogs user_agent":            "likewise",
		"aadmanagedidentitysigninlogs authentication_method": "the story's managed identities don't say it",
		"aadmanagedidentitysigninlogs reason":                "none of their sign-ins fails",
	}
}

// ofRules are the fields that are filled only when a rule matched.
func ofRules() []string {
	return []string{"app", "description", "severity", "signature_id", "subject", "type", "dest", "src", "src_ip", "user", "actor"}
}

// calculated are the fields that props.conf calculates for a source type.
func calculated(t *testing.T, sourcetype string) (all []string) {
	t.Helper()
	for key := range app(t).Conf["props"][sourcetype] {
		if name, ok := strings.CutPrefix(key, "EVAL-"); ok {
			all = append(all, name)
		}
	}
	return all
}

// TestFieldsAreFilled looks at each calculated field in what the demonstration sends.
func TestFieldsAreFilled(t *testing.T) {
	_, events := demonstrated(t)
	filled := map[string]map[string]bool{}
	fields := map[string][]string{}
	for _, e := range events {
		st := e.Get("sourcetype")[0]
		if filled[st] == nil {
			filled[st], fields[st] = map[string]bool{}, calculated(t, st)
		}
		for _, field := range fields[st] {
			values := e.Get(field)
			filled[st][field] = filled[st][field] || len(values) > 0
			if slices.Contains(values, "") || slices.Contains(values, "null") {
				t.Errorf("%s: %s is %q", st, field, values)
			}
		}
	}
	if len(filled) < 10 {
		t.Fatalf("the demonstration has %d source types", len(filled))
	}
	excuses := emptyInDemo()
	for st, fields := range filled {
		for field, has := range fields {
			name := strings.TrimPrefix(st, "azure:loganalytics:") + " " + field
			switch {
			case has && excuses[name] != "":
				t.Errorf("%s is filled: the exception isn't needed", name)
			case !has && excuses[name] == "" && !slices.Contains(ofRules(), field):
				t.Errorf("nothing fills %s", name)
			}
		}
	}
}

// TestPrescribedValues: what CIM says a field may be.
func TestPrescribedValues(t *testing.T) {
	k, events := demonstrated(t)
	for search, may := range map[string][]string{
		"`riskrelay_events` tag=change | stats count by action":         {"acl_modified", "cleared", "created", "deleted", "modified", "read", "restarted", "started", "stopped"},
		"`riskrelay_events` tag=change | stats count by status":         {"success", "failure"},
		"`riskrelay_events` tag=authentication | stats count by action": {"success", "failure", "pending", "error"},
		"`riskrelay_events` tag=alert | stats count by severity":        {"critical", "high", "medium", "low", "informational"},
		"`riskrelay_events` tag=alert | stats count by type":            {"alarm", "alert", "event", "task", "warning"},
	} {
		r, err := k.Run(search, events)
		if err != nil {
			t.Fatal(err)
		}
		got := r.Column(r.Columns[0])
		for _, value := range got {
			if !slices.Contains(may, value) {
				t.Errorf("%s: %s", search, value)
			}
		}
		if len(got) == 0 {
			t.Errorf("%s finds nothing", search)
		}
	}
}

// TestTags: the events of each table that has a model carry the model's tag, tagged events that of alerts, and no others do.
func TestTags(t *testing.T) {
	k, events := demonstrated(t)
	for all, tagged := range map[string]string{
		"`riskrelay_tagged`":                        "tag=alert",
		"`riskrelay_events` sourcetype=*signinlogs": "tag=authentication",
		"`riskrelay_events` (sourcetype=*:auditlogs OR (sourcetype IN (*azurediagnostics, *azkvauditlogs, *azureactivity) action!=read CategoryValue!=Policy) OR (sourcetype IN (*azurediagnostics, *azkvauditlogs) action!=read))": "tag=change",
		"`riskrelay_events` sourcetype=*:auditlogs object_category=user": "tag=account",
	} {
		count := func(search string) int {
			r, err := k.Run(search, events)
			if err != nil {
				t.Fatal(err)
			}
			return len(r.Rows)
		}
		if a, b := count(all), count("`riskrelay_events` "+tagged); a != b || a == 0 {
			t.Errorf("%s: %d events, %s: %d", all, a, tagged, b)
		}
	}
}

// TestTheAttackInFields: what the story's worst steps are in the words of CIM.
func TestTheAttackInFields(t *testing.T) {
	k, events := demonstrated(t)
	for _, c := range []struct{ search, want string }{
		{"`riskrelay_tagged` risk_rule=entra.app.role.assigned", "change acl_modified success admin.tom@contoso.example 203.0.113.61"},
		{"`riskrelay_tagged` risk_rule=entra.app.signin.ropc", "authentication success - kim@contoso.example 198.51.100.66"},
		{"`riskrelay_tagged` risk_rule=azure.keyvault.acl.changed", "change acl_modified success kim@contoso.example 198.51.100.66"},
		{"`riskrelay_tagged` risk_rule=azure.rbac.app.assigned", "change acl_modified - admin.tom@contoso.example 203.0.113.61"},
	} {
		r, err := k.Run(c.search+` | head 1 | search tag IN ("change", "authentication") | eval model=if(match(mvjoin(tag," "),"change"),"change","authentication"), status=coalesce(status,"-") | table model action status actor src`, events)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, column := range r.Columns {
			got = append(got, r.Column(column)...)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %q, want %q", c.search, text, c.want)
		}
	}
}

// record is what a HEC sink sends of the same event when its shape is stream.
func record(t *testing.T, k *spl.Knowledge, e *spl.Event) (sourcetype string, sent *spl.Event) {
	t.Helper()
	table, id, row, err := enrich.NewObjectParser(schema.TypeOf).ParseOwn([]byte(e.Get("_raw")[0]))
	if err != nil {
		t.Fatal(err)
	}
	event := enrich.NewEvent(table, row)
	event.ID = id
	var said struct {
		Risk enrich.Risk `json:"risk"`
	}
	if err := json.Unmarshal([]byte(e.Get("_raw")[0]), &said); err != nil {
		t.Fatal(err)
	}
	event.Risk = said.Risk
	text, err := eventjson.Shape{Records: new(shape.Writer)}.Append(nil, &event)
	if err != nil {
		t.Fatal(err)
	}
	sourcetype, _ = shape.Sourcetype(table)
	line, err := json.Marshal(map[string]any{
		"time": json.Number(e.Get("_time")[0]), "host": "h", "source": "riskrelay:w", "sourcetype": sourcetype, "event": json.RawMessage(text),
	})
	if err != nil {
		t.Fatal(err)
	}
	if sent, err = k.Receive(line); err != nil {
		t.Fatal(err)
	}
	return sourcetype, sent
}

// TestRecordsHaveTheSameFields: a row and its record of diagnostic settings come to the same fields and tags.
func TestRecordsHaveTheSameFields(t *testing.T) {
	k, events := demonstrated(t)
	compared := map[string]int{}
	for table, as := range map[string]string{
		"AuditLogs":                       "azure:monitor:aad",
		"SigninLogs":                      "azure:monitor:aad",
		"AADNonInteractiveUserSignInLogs": "azure:monitor:aad",
		"AADServicePrincipalSignInLogs":   "azure:monitor:aad",
		"AADManagedIdentitySignInLogs":    "azure:monitor:aad",
		"AZKVAuditLogs":                   "azure:monitor:resource",
		"AzureActivity":                   "azure:monitor:activity",
	} {
		for _, e := range events {
			if e.At("Type")[0] != table {
				continue
			}
			sourcetype, r := record(t, k, e)
			if sourcetype != as {
				t.Fatalf("%s is sent as %s, want %s", table, sourcetype, as)
			}
			for _, field := range e.Calculated() {
				compared[table]++
				if a, b := e.Get(field), r.Get(field); !slices.Equal(a, b) && !otherwise(table, field) {
					t.Fatalf("%s: %s is %q, in the record %q\n%s", table, field, a, b, r.Get("_raw"))
				}
			}
			if a, b := e.Get("tag"), r.Get("tag"); !slices.Equal(slices.DeleteFunc(slices.Clone(a), isAlert), b) {
				t.Fatalf("%s: tags %v, in the record %v", table, a, b)
			}
		}
	}
	if len(compared) != 7 || slices.Contains(slices.Collect(maps.Values(compared)), 0) {
		t.Errorf("so many fields were compared: %v", compared)
	}
}

// TestTagsOfWideEvents: an event keeps its tags however much stands before its columns, as it does in one that many rules matched.
func TestTagsOfWideEvents(t *testing.T) {
	k, events := demonstrated(t)
	tried := map[string]bool{}
	for _, e := range events {
		all := []*spl.Event{e}
		if _, ok := shape.Sourcetype(e.At("Type")[0]); ok {
			_, r := record(t, k, e)
			all = append(all, r)
		}
		for _, is := range all {
			of := is.Get("sourcetype")[0]
			tags := slices.DeleteFunc(slices.Clone(is.Get("tag")), isAlert)
			name := of + strings.Join(tags, " ")
			if tried[name] {
				continue
			}
			tried[name] = true
			line, err := json.Marshal(map[string]any{
				"time": 1, "source": "riskrelay:w", "sourcetype": of,
				"event": json.RawMessage(`{"risk":{"filler":"` + strings.Repeat("x", 6000) + `"},` + is.Get("_raw")[0][1:]),
			})
			if err != nil {
				t.Fatal(err)
			}
			wide, err := k.Receive(line)
			if err != nil {
				t.Fatal(err)
			}
			if got := wide.Get("tag"); !slices.Equal(got, tags) {
				t.Errorf("%s: tags %v, behind much else %v", of, tags, got)
			}
		}
	}
	if len(tried) < 15 {
		t.Errorf("only these were tried: %v", tried)
	}
}

// otherwise says which fields differ: records of the activity log name the caller by claims alone, and nobody's names in the story are
// the same there. Event ids and resource groups are in the row alone.
func otherwise(table, field string) bool {
	return field == "event_id" || table == "AzureActivity" && slices.Contains([]string{"actor", "user", "src_user", "user_type", "src_user_type", "dest"}, field)
}

// TestAnotherSource: where the sink is told to send another source, the stanzas of source types give the same fields.
func TestAnotherSource(t *testing.T) {
	k, events := demonstrated(t)
	for _, e := range events {
		line, err := json.Marshal(map[string]any{
			"time": json.Number(e.Get("_time")[0]), "source": "mine", "sourcetype": e.Get("sourcetype")[0], "event": json.RawMessage(e.Get("_raw")[0]),
		})
		if err != nil {
			t.Fatal(err)
		}
		other, err := k.Receive(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range e.Calculated() {
			if a, b := e.Get(field), other.Get(field); !slices.Equal(a, b) {
				t.Fatalf("%s: %s is %q, from another source %q", e.Get("sourcetype"), field, a, b)
			}
		}
	}
}

// isAlert: the records above are sent without indexed fields, by which alerts are known.
func isAlert(tag string) bool { return tag == "alert" }

// TestFieldsOfActions: each field that a workflow action names is one of an event of the demonstration.
func TestFieldsOfActions(t *testing.T) {
	_, events := demonstrated(t)
	known := map[string]bool{}
	for _, e := range events {
		for _, name := range append(e.Names(), "signature", "rule_anchor") {
			known[name] = known[name] || len(e.Get(name)) > 0
		}
	}
	for name, s := range app(t).Conf["workflow_actions"] {
		for _, field := range strings.Split(s["fields"], ", ") {
			if !known[field] {
				t.Errorf("[%s]: no event has a field %s", name, field)
			}
		}
		view, _, _ := strings.Cut(strings.TrimPrefix(s["link.uri"], "/app/riskrelay/"), "?")
		if _, is := app(t).Views[view]; strings.HasPrefix(s["link.uri"], "/app/") && !is {
			t.Errorf("[%s] leads to %s, which isn't there", name, view)
		}
	}
}
