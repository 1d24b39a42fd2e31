package loganalytics

import (
	"errors"
	"strings"
	"testing"
)

// goodFilters are conditions that Microsoft's parser and the check both take.
func goodFilters() []Filter {
	return []Filter{
		`true`,
		`Category == "UserManagement" and Result != 'success'`,
		`Category == "a|b//;)#" and (Result != '\'' or Id in ("1", @"2\", @"a""|\"))`,
		`Id == "\u0041\x41\101\U00000041\t\\" or Id == h"secret)" or Id == H@'it''s)'`,
		`Id == "~~~" or Id == '` + "```" + `' or Id =~ "x" or Id !~ "y" or Id in~ ("a", "b")`,
		`TimeGenerated >= datetime(2028-02-29) and TimeGenerated < datetime("2028-12-31 23:59:59.9999999")`,
		`TimeGenerated between (datetime(2027-01-01T00:00Z) .. datetime(2027-01-01T00:00:00+02:00))`,
		`TimeGenerated > datetime(null) or TimeGenerated > date(2027-1-5) or TimeGenerated > datetime()`,
		`TimeGenerated > ago(1d) - timespan(1.00:00:00) or TimeGenerated > ago(1.5h)`,
		`CorrelationId != tostring(guid(74be27de-1e4e-49d9-b579-fe0b331d3642))`,
		`array_index_of(dynamic(["a)", {"b": "|"}]), Id) >= 0 and tostring(TargetResources[0]["id"]) != ']'`,
		`A == int(-1) or A == long(0xfF) or A == int32(08) or A == bool(0) or A == bool(TRUE) or A == real(+inf) or A == double(1.) or A == decimal(-1e-5)`,
		`A < time(2) or A < timespan(1.5h) or A < time(15 seconds) or A < time(0.12:34:56.7) or A < timespan("-00:01") or A < time(1tick) or A == time(null)`,
		`toint(1) == int(1) and todouble("1") < real(1e3) and tobool("true") == bool(true) and long(-1) < 0`,
		`['Category'] == "x" or column_ifexists("Category", "") has_any ("é", "日本")`,
	}
}

func TestGoodFilters(t *testing.T) {
	for _, filter := range append(goodFilters(), "") {
		if err := filter.Check(); err != nil {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

// badFilters would end the condition, go on as something else, or be never true. The mark § is before what is wrong.
func badFilters() map[string]string {
	return map[string]string{
		`A == §datetime("x) | take 1 //")`:    "has datetime(..) around something else than a value",
		`A == §datetime("x)) | take 1 //")`:   "has datetime(..) around something else than a value",
		`A == §int(tolong(")) | take 1 //"))`: "has int(..) around something else than a value",
		`A == §guid('a)') | take 1 //')`:      "has guid(..) around something else than a value",
		`A == §time(//)`:                      "has time(..) around something else than a value",
		`A == datetime§(2027-01-01`:           "has a '(' without ')'",
		`A == §~~~x~~~`:                       "has a multi-line string",
		`A == §~~~") | take 1~~~"`:            "has a multi-line string",
		"A == §```x```":                       "has a multi-line string",
		`A in§~~~")~~~ | take 1 //"`:          "has a multi-line string",
		`A == @§"\") | take 1 //"`:            "",
		`A == "x§\q"`:                         "has an escape in a string",
		`A == "x§\`:                           "has an escape in a string",
		`A == "x§\u00"`:                       "has an escape in a string",
		`A == §'x`:                            "has a string that doesn't end",
		`A == §"\"`:                           "has a string that doesn't end",
		`A == h§@"\"" | take 1`:               "",
		`A == "a"§; B`:                        `has ";"`,
		`A in (T §| project B)`:               `has "|"`,
		`A §<| B`:                             "",
		`true §// all`:                        "has a comment",
		`(true §//)`:                          "has a comment",
		`true §# all`:                         "has a '#'",
		`true§) or (true`:                     "has a ')' without '('",
		`A[0§)`:                               "has a ')' without '('",
		`dynamic(§[1}`:                        "",
		`§(true`:                              "has a '(' without ')'",
		"true§\n| take 1":                     "must be one line, but has U+000A",
		"true§\u2028| take 1":                 "must be one line, but has U+2028",
		`A == "x` + "§\r" + `"`:               "must be one line, but has U+000D",
		"A§\u00a0== 1":                        "has U+00A0 outside of a string",
		`§   `:                                "is blank",
		`A > §datetime(2027-02-31)`:           "has datetime(2027-02-31), which doesn't exist",
		`A > §datetime(2027-02-29T10:00:00Z)`: "has datetime(2027-02-29T10:00:00Z), which doesn't exist",
		`A > §date("2027-13-01")`:             "has date(2027-13-01), which doesn't exist",
		`A > §datetime(2027-01-01 24:01)`:     "has datetime(2027-01-01 24:01), which doesn't exist",
		`A > §datetime(yesterday)`:            "has datetime(yesterday), which may be no date",
		`A == §guid(74be27de)`:                "has guid(74be27de), which is no GUID",
		`A == §int(abc)`:                      "has int(abc), which is no whole number of 32 bits",
		`A == §int(1.5)`:                      "has int(1.5), which is no whole number",
		`A == §int32(2147483648)`:             "has int32(2147483648), which is no whole number",
		`A == §long(0x1g)`:                    "has long(0x1g), which is no whole number of 64 bits",
		`A == §long()`:                        "has long(), which is no whole number",
		`A == §bool(yes)`:                     "has bool(yes), which is neither true nor false",
		`A == §real(1,5)`:                     "has real(1,5), which is no number",
		`A == §decimal(nan)`:                  "has decimal(nan), which is no number",
		`A > ago(§timespan(1w))`:              "has timespan(1w), which is no length of time",
		`A > ago(§time(1.25:00:00))`:          "has time(1.25:00:00), which is no length of time",
		`A == §123datetime(")`:                "has a number before a '('",
		`B == 1 and (A == 74be27de-1e4e-49d9-b579-§012345678901datetime(")) | take 1 //"))`: "has a number before a '('",
	}
}

func TestBadFilters(t *testing.T) {
	for marked, want := range badFilters() {
		before, after, _ := strings.Cut(marked, "§")
		filter := Filter(before + after)
		err := filter.Check()
		wrong := new(FilterError)
		switch {
		case !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), want):
			t.Errorf("%q: the error is %v, want %q", filter, err, want)
		case want != "" && wrong.At != len(before):
			t.Errorf("%q: %v: it is said of byte %d, want %d", filter, err, wrong.At, len(before))
		}
	}
}

// FuzzFilter looks at the filter as the query holds it: what follows it must still be outside of it.
func FuzzFilter(f *testing.F) {
	for _, filter := range goodFilters() {
		f.Add(string(filter))
	}
	for marked := range badFilters() {
		f.Add(strings.ReplaceAll(marked, "§", ""))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if Filter(text).Check() != nil {
			return
		}
		if Filter("("+text+") and (true)").Check() != nil {
			t.Errorf("%q passes alone but not in parentheses", text)
		}
		if Filter("("+text+"))").Check() == nil {
			t.Errorf("%q hides what follows", text)
		}
	})
}
