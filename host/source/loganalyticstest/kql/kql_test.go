package kql_test

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// noon is when the first of the tests' rows was ingested; the others follow a second apart.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

type row struct {
	cells    []string
	ingested time.Time
}

func (r row) Ingested() time.Time { return r.ingested }

func (r row) Cell(i int) []byte {
	if r.cells[i] == "" {
		return nil
	}
	return []byte(r.cells[i])
}

// table is a table T; read counts the rows that queries looked at.
type table struct {
	columns []kql.Column
	rows    []row
	read    int
}

func (t *table) Columns() []kql.Column { return t.columns }

func (t *table) Table(name string) (kql.Table, bool) { return t, name == "T" }

func (t *table) Rows(from, to time.Time) iter.Seq[kql.Row] {
	return func(yield func(kql.Row) bool) {
		for _, r := range t.rows {
			if r.ingested.Before(from) || !to.IsZero() && !r.ingested.Before(to) {
				continue
			}
			if t.read++; !yield(r) {
				return
			}
		}
	}
}

// example is T with three rows; the last has no cells but its name and item.
func example() *table {
	t := &table{columns: []kql.Column{
		{Name: "Time", Type: enrich.Datetime},
		{Name: "Name", Type: enrich.String},
		{Name: "Size", Type: enrich.Long},
		{Name: "Ratio", Type: enrich.Real},
		{Name: "Good", Type: enrich.Bool},
		{Name: "Who", Type: enrich.Dynamic},
		{Name: "_ItemId", Type: enrich.String, Hidden: true},
	}}
	for i, cells := range [][]string{
		{`"2026-03-02T11:59:30.1234567Z"`, `"Add member to role"`, "7", "0.5", "true", `"{\"user\":{\"id\":\"u1\",\"n\":3,\"tags\":[\"a\",\"b\"]}}"`, `"i1"`},
		{`"2026-03-02T11:58:00.0000000Z"`, `"Update application – x"`, "9007199254740993", "1.5", "false", `"{\"app\":{\"id\":\"a1\"}}"`, `"i2"`},
		{"null", `"Ünïcode_name"`, "null", "null", "null", "null", `"i3"`},
	} {
		t.rows = append(t.rows, row{cells, noon().Add(time.Duration(i) * time.Second)})
	}
	return t
}

// answer runs a query and returns its columns and rows, one a line.
func answer(query string) (string, error) {
	q, err := kql.Parse(query)
	if err != nil {
		return "", err
	}
	result, err := q.Run(example())
	if err != nil {
		return "", err
	}
	var names []string
	for _, c := range result.Columns {
		names = append(names, c.Name+":"+string(c.Type))
	}
	lines := []string{strings.Join(names, " ")}
	for r := range result.Rows() {
		lines = append(lines, string(r))
	}
	return strings.Join(lines, "\n"), nil
}

func TestQueries(t *testing.T) {
	for query, want := range map[string]string{
		"T | project Size": "Size:long|[7]|[9007199254740993]|[null]",
		"T | take 1 | project Time, Name, Size, Ratio, Good, Who":              `Time:datetime Name:string Size:long Ratio:real Good:bool Who:dynamic|["2026-03-02T11:59:30.1234567Z","Add member to role",7,0.5,true,"{\"user\":{\"id\":\"u1\",\"n\":3,\"tags\":[\"a\",\"b\"]}}"]`,
		"T | project Size | take 0":                                            "Size:long",
		"T | project Size | order by Size asc":                                 "Size:long|[null]|[7]|[9007199254740993]",
		"T | project Size | sort by Size":                                      "Size:long|[9007199254740993]|[7]|[null]",
		"T | project Size | sort by Size desc | take 1":                        "Size:long|[9007199254740993]",
		"T | project Good, N = _ItemId | order by Good asc, N desc":            `Good:bool N:string|[null,"i3"]|[false,"i2"]|[true,"i1"]`,
		"T | where false | summarize count()":                                  "count_:long|[0]",
		"T | where false | summarize max(Size)":                                "max_Size:long|[null]",
		"T | summarize count()":                                                "count_:long|[3]",
		"T | summarize n = count(), max(Size), min(Ratio), x = min(Time)":      `n:long max_Size:long min_Ratio:real x:datetime|[3,9007199254740993,0.5,"2026-03-02T11:58:00.0000000Z"]`,
		"T | where Size > 0 | summarize count() by bin(Time, 1m)":              `Time:datetime count_:long|["2026-03-02T11:59:00.0000000Z",1]|["2026-03-02T11:58:00.0000000Z",1]`,
		"T | summarize count() by bin(ingestion_time(), 1m)":                   `$IngestionTime:datetime count_:long|["2026-03-02T12:00:00.0000000Z",3]`,
		"T | summarize n = count() by t = bin(ingestion_time(), 2s)":           `t:datetime n:long|["2026-03-02T12:00:00.0000000Z",2]|["2026-03-02T12:00:02.0000000Z",1]`,
		"T | summarize count() by d = bin(Time, 1d), h = bin(Time, 12h)":       `d:datetime h:datetime count_:long|["2026-03-02T00:00:00.0000000Z","2026-03-02T00:00:00.0000000Z",2]|[null,null,1]`,
		"T | take 1 | project bin(Size, 5), b = bin(Size, 0)":                  "Size:long b:long|[5,null]",
		"T | extend I = ingestion_time(), N = _ItemId | project I, N | take 1": `I:datetime N:string|["2026-03-02T12:00:00.0000000Z","i1"]`,
		"T | extend Size = 'x' | project Size | take 1":                        `Size:string|["x"]`,
		"T | project s = tostring(Who) | take 1":                               `s:string|["{\"user\":{\"id\":\"u1\",\"n\":3,\"tags\":[\"a\",\"b\"]}}"]`,
		"T | project tostring(Size), b = tostring(Good) | take 1":              `Size:string b:string|["7","True"]`,
		`T | take 1 | project x = "c\"d\u00e9", y = 'a\'b'`:                    `x:string y:string|["c\"dé","a'b"]`,
	} {
		got, err := answer(query)
		if want = strings.ReplaceAll(want, "|", "\n"); err != nil || got != want {
			t.Errorf("%s\ngot  %s %v\nwant %s", query, got, err, want)
		}
	}
}

// TestConditions counts the rows for which a condition is true: null is neither true nor false.
func TestConditions(t *testing.T) {
	for condition, want := range map[string]string{
		"Size > 0": "2", "Size >= 8": "1", "Size < 8": "1", "Size <= 7": "1", "Size == 7 or Ratio == '1'": "SEM0064", "Size != 7": "1", "(Size == 7) and Good": "1", "Good == false": "1",
		"Name == 'Add member to role'": "1", "Name == 'add member to role'": "0",
		"Name contains 'EMB'": "1", "Name contains ''": "3", "tostring(Who) contains '\"U1'": "1", "Name in ('Add member to role', 'x')": "1", "Size in (7, 8)": "1", "Name in ('')": "0",
		"Time > datetime(2026-03-02T11:59:00Z)": "1", "Time >= datetime(2026-03-02)": "2", "ingestion_time() > datetime(2026-03-02T12:00:00.0000000Z)": "2",
		"_ItemId > 'i1'": "2", "hash(_ItemId, 1) == 0": "3", "hash(_ItemId, 2) in (0, 1)": "3", "hash(_ItemId, 0) == 0": "0", "Who == 'x'": "0",
		"Good or Size > 8": "2", "Good and Nope": "SEM0100", "true": "3", "Size > 8 or true": "3", "Size > 8 and false": "0",
	} {
		got, err := answer("T | where " + condition + " | summarize count()")
		var semantic *kql.SemanticError
		if errors.As(err, &semantic) {
			got = semantic.Code
		}
		if got != want && got != "count_:long\n["+want+"]" {
			t.Errorf("%s: got %s %v, want %s", condition, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for query, want := range map[string]string{
		"":                              "Query could not be parsed at '<EOF>' on line [1,0]: want a table",
		"T |":                           "Query could not be parsed at '<EOF>' on line [1,3]: want an operator",
		"T\n| wher x":                   "Query could not be parsed at 'wher' on line [2,2]: this operator is not known here",
		"T | where":                     "Query could not be parsed at '<EOF>' on line [1,9]: want an expression",
		"T | where a ==":                "Query could not be parsed at '<EOF>' on line [1,14]: want an expression",
		"T | where 'a":                  "Query could not be parsed at ''' on line [1,10]: the string is not closed",
		"T | where \"a\n\"":             "Query could not be parsed at '\"' on line [1,10]: the string is not closed on its line",
		"T | take x":                    "Query could not be parsed at 'x' on line [1,9]: want a whole number",
		"T | order Size":                "Query could not be parsed at 'Size' on line [1,10]: want by",
		"T | where a == 5q":             "Query could not be parsed at '5q' on line [1,15]: unknown unit of time",
		"T | where a == datetime(x)":    "Query could not be parsed at 'datetime(x)' on line [1,15]: not a datetime",
		"T | where (Size":               "Query could not be parsed at '<EOF>' on line [1,15]: want )",
		"T T":                           "Query could not be parsed at 'T' on line [1,2]: want | or the end of the query",
		"T | where a == §":              "Query could not be parsed at '§' on line [1,15]: unexpected character",
		"T | where x == '\\q'":          "Query could not be parsed at '\\' on line [1,17]: unknown escape in a string",
		"T | where Size == 7 == true":   "Query could not be parsed at '==' on line [1,20]: want | or the end of the query",
		"U":                             "'' operator: Failed to resolve table or column expression named 'U'",
		"T | where Siz > 1":             "'where' operator: Failed to resolve column or scalar expression named 'Siz'",
		"T | where Size":                "'where' operator: the condition is of type long, not bool",
		"T | project Size | where Good": "'where' operator: Failed to resolve column or scalar expression named 'Good'",
		"T | project-away Size":         "Query could not be parsed at '-' on line [1,11]: unexpected character",
		"T | extend x = bin(Ratio, 1)":  "'extend' operator: bin(): values of type real can't be rounded here",
		"T | where ago(1d) > Time":      "'where' operator: Unknown function: 'ago'",
		"T | extend x = f(1)":           "'extend' operator: Unknown function: 'f'",
		"T | where Name > 1":            "'where' operator: Cannot compare values of types string and long. Try adding explicit casts",
		"T | summarize Size":            "'summarize' operator: want an aggregate: count, min or max",
		"T | where hash() == 1":         "'where' operator: hash(): function expects 2 argument(s)",
		"T | where " + strings.Repeat("(", 200) + "1": "nested too deep",
	} {
		if _, err := answer(query); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", query, err, want)
		}
	}
}

// TestBoundsPrune checks that conditions on ingestion time keep other rows from being read, and only those.
func TestBoundsPrune(t *testing.T) {
	for where, want := range map[string]int{
		"where ingestion_time() >= datetime(2026-03-02T12:00:01Z)":                                                       2,
		"where ingestion_time() > datetime(2026-03-02T12:00:01Z)":                                                        2,
		"where ingestion_time() >= datetime(2026-03-02T12:00:01Z) and ingestion_time() < datetime(2026-03-02T12:00:02Z)": 1,
		"where Good | where ingestion_time() >= datetime(2026-03-02T12:00:01Z)":                                          2,
		"where datetime(2026-03-02T12:00:01Z) >= ingestion_time()":                                                       3,
		"where ingestion_time() > datetime(2026-03-02T12:00:01Z) or Good":                                                3,
		"take 3 | where ingestion_time() > datetime(2026-03-02T12:00:01Z)":                                               3,
	} {
		q, err := kql.Parse("T | " + where)
		if err != nil {
			t.Fatal(err)
		}
		data := example()
		result, err := q.Run(data)
		if err != nil {
			t.Fatal(err)
		}
		for line := range result.Rows() {
			if len(line) == 0 {
				t.Error("an empty row")
			}
		}
		if data.read != want {
			t.Errorf("%s: read %d rows, want %d", where, data.read, want)
		}
	}
}

// TestHashIsUniform puts ten thousand ids into slots, which must fill evenly, whatever their number.
func TestHashIsUniform(t *testing.T) {
	for _, slots := range []int{2, 7, 16} {
		data := &table{columns: []kql.Column{{Name: "Id", Type: enrich.String}}}
		for i := range 10_000 {
			data.rows = append(data.rows, row{[]string{string(enrich.AppendString(nil, time.Unix(int64(i), 0).UTC().String()))}, noon()})
		}
		q, err := kql.Parse("T | summarize n = count() by hash(Id, " + strconv.Itoa(slots) + ")")
		if err != nil {
			t.Fatal(err)
		}
		result, err := q.Run(data)
		if err != nil {
			t.Fatal(err)
		}
		groups := 0
		for line := range result.Rows() {
			var slot, n int
			if _, err := fmt.Sscanf(string(line), "[%d,%d]", &slot, &n); err != nil || slot < 0 || slot >= slots {
				t.Fatalf("%s: %v", line, err)
			}
			if fair := 10_000 / slots; n < fair*85/100 || n > fair*115/100 {
				t.Errorf("slot %d of %d holds %d", slot, slots, n)
			}
			groups++
		}
		if groups != slots {
			t.Errorf("%d slots of %d are filled", groups, slots)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, q := range []string{
		"T", "T | where Size > 1 and Name contains 'x' | extend a = bin(Time, 1h) | order by a asc | take 3", "T | summarize count() by bin(ingestion_time(), 1m)",
		"T | where Name in ('a', \"b\") | project Name", "T | where Time > datetime(2026-01-02) or (Good)", "T | where hash(_ItemId, 4) == 3",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := answer(text)
		var syntax *kql.SyntaxError
		var semantic *kql.SemanticError
		if err != nil && !errors.As(err, &syntax) && !errors.As(err, &semantic) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
