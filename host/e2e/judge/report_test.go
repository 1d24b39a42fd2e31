//go:build linux

package judge

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of foreign readers in host/sink/README.md anew")

const (
	readme = "../../sink/README.md"
	begin  = "<!-- made by: go test ./host/e2e/judge -update -->\n"
	end    = "<!-- end of what is made -->\n"
)

// excuse reports each difference that isn't an exception, and each exception that isn't needed.
func excuse(t *testing.T, all []judgement, exceptions []exception) {
	t.Helper()
	needed := make([][]string, len(exceptions)) // in which rows
	for i := range all {
		j := &all[i]
		for _, d := range j.differences {
			at := slices.IndexFunc(exceptions, func(e exception) bool { return e.excuses(&j.kind, &d) })
			if at < 0 {
				t.Errorf("%s, %s, row %q: %s is\n%.2000q, was meant to be\n%.2000q", j.kind.Name, j.kind.Format, d.row, d.field, d.got, d.want)
				continue
			}
			needed[at] = append(needed[at], d.row)
		}
	}
	for i, e := range exceptions {
		for _, row := range e.rows {
			if !slices.Contains(needed[i], row) {
				t.Errorf("%s, %s: the exception %q is not needed in row %q", e.reader, e.format, e.reason, row)
			}
		}
		if len(needed[i]) == 0 {
			t.Errorf("%s, %s: the exception %q is not needed", e.reader, e.format, e.reason)
		}
	}
}

// report compares the table in the README with the run.
func report(t *testing.T, all []judgement, rows int, exceptions []exception) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table: %q and %q", readme, begin, end)
	}
	table := table(all, rows, exceptions)
	if *update {
		if err := os.WriteFile(readme, []byte(before+begin+table+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if anyVersion(old, all) != anyVersion(table, all) {
		t.Errorf("the table in %s is stale: run go test ./host/e2e/judge -update; it would be\n%s", readme, table)
	}
}

// table is what the README says of the readers.
func table(all []judgement, rows int, exceptions []exception) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d odd rows to each reader; so many fields were meant, and so many of them it sees as they were meant:\n\n", rows)
	out.WriteString("| format | reader | version | fields | as meant |\n|-|-|-|-:|-:|\n")
	for _, j := range all {
		fmt.Fprintf(&out, "| %s | %s | %s | %d | %d |\n", j.kind.Format, j.kind.Name, j.version, j.fields, j.fields-j.missed())
	}
	out.WriteString("\nThe exceptions:\n\n| format | reader | field | in rows | the reader |\n|-|-|-|-|-|\n")
	for _, e := range exceptions {
		where := "all"
		if e.rows != nil {
			where = strings.Join(e.rows, ", ")
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", e.format, e.reader, strings.Join(e.fields, ", "), where, strings.ReplaceAll(e.reason, "|", `\|`))
	}
	return out.String()
}

// missed is how many fields that were meant are absent or otherwise.
func (j *judgement) missed() (n int) {
	for _, d := range j.differences {
		if d.want != absent {
			n++
		}
	}
	return n
}

// anyVersion is the table without the versions of the system's own readers, which are another on another machine.
func anyVersion(table string, all []judgement) string {
	for _, j := range all {
		if j.kind.System {
			line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta("| "+j.kind.Format+" | "+j.kind.Name+" | ") + `[^|]*`)
			table = line.ReplaceAllString(table, "any")
		}
	}
	return table
}
