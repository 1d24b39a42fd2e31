package spl_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// small is an app with one of everything.
func small(t *testing.T) *spl.Knowledge {
	t.Helper()
	k, err := spl.New(map[string]spl.Stanzas{
		"fields":     {"level": {"INDEXED": "true"}},
		"macros":     {"all": {"definition": "`here` who=*"}, "here": {"definition": "source=s"}},
		"transforms": {"rules": {"filename": "rules.csv"}},
		"props":      {"st": {"EVAL-who": `coalesce(json_extract(_raw,"a.name"),"nobody")`, "EVAL-twice": `who."!"`, "LOOKUP-x": "rules id AS what OUTPUTNEW title AS title"}},
		"eventtypes": {"loud": {"search": "level=high"}},
		"tags":       {"eventtype=loud": {"alert": "enabled"}},
	}, map[string]string{"rules.csv": "id,title\nr1,The first\nr2,The second\n"})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// lines are three events an hour apart.
func lines() []string {
	return []string{
		`{"time":3600.5,"source":"s","sourcetype":"st","event":{"a":{"name":"Ada"},"n":5,"what":"r1","l":[{"x":"p"},{"x":"q"}],"none":null},"fields":{"level":"high","tags":["t1","t2"]}}`,
		`{"time":7200,"source":"s","sourcetype":"st","event":{"a":{"name":"Bob"},"n":12,"what":"r2"},"fields":{"level":"low"}}`,
		`{"time":14400,"source":"s","sourcetype":"st","event":{"n":7,"text":"left | right"}}`,
	}
}

func received(t *testing.T, k *spl.Knowledge) (all []*spl.Event) {
	t.Helper()
	for _, line := range lines() {
		e, err := k.Receive([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestSearches: a search, and its table as text: cells with a comma between values, columns with | between.
func TestSearches(t *testing.T) {
	k := small(t)
	events := received(t, k)
	for search, want := range map[string]string{
		"`all` | table who n":                                                "who|n;nobody|7;Bob|12;Ada|5",
		"`all` level=high | table who title":                                 "who|title;Ada|The first",
		"`all` level!=high | table who":                                      "who;Bob",
		"`all` NOT level=high | table who":                                   "who;nobody;Bob",
		"`all` (level=high OR n>=12) n<20 | table who":                       "who;Bob;Ada",
		"`all` who IN (ada, \"bob\") | table who":                            "who;Bob;Ada",
		"`all` text=\"left | *\" | table text":                               "text;left | right",
		"tag=alert | table eventtype":                                        "eventtype;loud",
		"`all` l{}.x=q | table l{}.x":                                        "l{}.x;p,q",
		"`all` | stats count, sum(n) AS s max(n) AS m dc(level) AS d":        "count|s|m|d;3|24|12|2",
		"`all` | stats count by tags":                                        "tags|count;t1|1;t2|1",
		"`all` | stats latest(who) AS last earliest(who) AS first":           "last|first;nobody|Ada",
		"`all` | sort n | head 2 | table n":                                  "n;5;7",
		"`all` | sort 0 - n | table n":                                       "n;12;7;5",
		"`all` | timechart span=1h count by level":                           "_time|high|low;3600|1|0;7200|0|1",
		"`all` | timechart span=1h count":                                    "_time|count;3600|1;7200|1;10800|0;14400|1",
		"| tstats count where source=s by level":                             "level|count;high|1;low|1",
		"| tstats count where source=s by _time span=2h":                     "_time|count;0|1;7200|1;14400|1",
		"| inputlookup rules | search id=r2 | table title":                   "title;The second",
		"`all` what=* | lookup rules id AS what OUTPUT title AS t | table t": "t;The second;The first",
		"`all` what=r1 | eval x=json_array_to_mv(json_extract(_raw,\"l\")) | mvexpand x | eval y=json_extract(x,\"x\") | table y":                                                                     "y;p;q",
		"`all` | rename who AS \"a.b\" | table a.b | dedup a.b | head 1":                                                                                                                              "a.b;nobody",
		"`all` what=* | eval r=replace(what,\"^r(.)$\",\"<\\1>\"), s=n+1, u=if(n>6 AND level=\"low\",\"yes\",\"no\") | table r s u":                                                                   "r|s|u;<2>|13|yes;<1>|6|no",
		"`all` what=r1 | eval a=nullif(n,\"5\"), b=mvindex(tags,-1), c=mvcount(tags), d=strftime(_time,\"%F %T\"), e=round(n/3,2) | table a b c d e":                                                  "a|b|c|d|e;|t2|2|1970-01-01 01:00:00|1.67",
		"`all` what=r1 | eval a=json_extract(_raw,\"l{1}.x\"), b=mvfind(tags,\"2$\"), c=json_keys(json_extract(_raw,\"a\")), d=if(isnull(json_extract(_raw,\"none\")),1,0) | where d=1 | table a b c": "a|b|c;q|1|[\"name\"]",
		"`all` | where n>now()-14394 | table n": "n;7;12",
		"`all` | eval twice=coalesce(twice,\"calculated fields don't see each other\") | head 1 | table twice": "twice;calculated fields don't see each other",
	} {
		r, err := k.Run(search, events)
		if err != nil {
			t.Errorf("%s: %v", search, err)
			continue
		}
		rows := []string{strings.Join(r.Columns, "|")}
		for _, row := range r.Rows {
			var cells []string
			for _, cell := range row {
				cells = append(cells, strings.Join(cell, ","))
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
		if d := cmp.Diff(want, strings.Join(rows, ";")); d != "" {
			t.Errorf("%s:\n%s", search, d)
		}
	}
}

// TestUnknown: what isn't known is an error, never a guess.
func TestUnknown(t *testing.T) {
	k := small(t)
	events := received(t, k)
	for search, want := range map[string]string{
		"`nothing`":                         "isn't defined",
		"word":                              "words that may stand anywhere aren't known",
		"a=b | transaction x":               "the command transaction isn't known",
		"a=b | eval x=sha1(a)":              "the function sha1 isn't known",
		"a=b | stats perc95(x)":             "the function perc95 of stats isn't known",
		"a=b | lookup none id OUTPUT x":     "the lookup none isn't defined",
		"a=b | lookup rules id OUTPUT x":    "has no column x",
		"| tstats count where who=Ada":      "tstats reads fields that aren't indexed: [who]",
		"| tstats count where a=b by what":  "aren't indexed",
		"(a=b":                              "want )",
		"a=b)":                              "one too many",
		"a=b | eval x=\"open":               "a quote isn't closed",
		"a=b | eval x=(1+2":                 "want )",
		"a=b | timechart count":             "timechart takes a span",
		"a=b | stats":                       "nothing is counted",
		"a=b | head x":                      "invalid syntax",
		"a=b | rename x y":                  "want AS",
		"a=b | inputlookup none":            "isn't defined",
		"a=b | eval 5":                      "want NAME=EXPRESSION",
		"a=b | where 1 2":                   "one too many",
		"a IN b":                            "want (",
		"a=(b)":                             "want a value",
		"a=b | sort":                        "",
		"a=b | stats count by x | nonsense": "isn't known",
	} {
		_, err := k.Run(search, events)
		if want == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", search, err, want)
		}
	}
}

// TestAppsThatAreWrong name the file and stanza.
func TestAppsThatAreWrong(t *testing.T) {
	_, err := spl.New(map[string]spl.Stanzas{
		"props":      {"a": {"EVAL-x": "coalesce("}, "b": {"LOOKUP-x": "nothing y OUTPUT z"}},
		"eventtypes": {"e": {"search": "`no`"}},
		"transforms": {"l": {"filename": "absent.csv"}},
	}, nil)
	for _, want := range []string{"props.conf [a]: EVAL-x", "props.conf [b]: LOOKUP-x", "eventtypes.conf [e]", "transforms.conf [l]"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`case(match(a,"^b$"),'c.d'+1,true(),null())`)
	f.Add(`NOT (a=1 AND b!="x") OR c<=2.5`)
	f.Fuzz(func(_ *testing.T, source string) {
		_, _ = spl.Parse(source) // which doesn't panic
	})
}
