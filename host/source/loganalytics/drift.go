package loganalytics

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// change is a difference between the columns of a table and those that it had before. Rows pass as they are.
type change struct {
	at   time.Time // when the first row with it was ingested
	what string    // as "Foo (string) is new"
}

// maxChanges is how many changes of a table are kept.
const maxChanges = 100

// remarks are what was strange about a table's rows since the start.
type remarks struct {
	mu      sync.Mutex
	columns map[string]enrich.Type // of the last reply with rows; nil before the first
	changes []change
	changed int64
	mended  int64
}

// Remarks is how many rows held text that isn't UTF-8, for which U+FFFD stands now, and how many changes there were of the
// table's columns, both since the start. A window that is read again counts again.
func (s *Source) Remarks() (mended, changed int64) {
	s.remarks.mu.Lock()
	defer s.remarks.mu.Unlock()
	return s.remarks.mended, s.remarks.changed
}

// Changes are those of the columns whose first row was ingested from one time to before another, as "Foo (string) is new", of
// the last hundred since the start.
func (s *Source) Changes(from, to time.Time) (list []string) {
	s.remarks.mu.Lock()
	defer s.remarks.mu.Unlock()
	for _, c := range s.remarks.changes {
		if !c.at.Before(from) && c.at.Before(to) {
			list = append(list, c.what)
		}
	}
	return list
}

func (s *Source) mended(rows int) {
	s.remarks.mu.Lock()
	defer s.remarks.mu.Unlock()
	s.remarks.mended += int64(rows)
}

// look compares the columns of a reply, whose first row was ingested at the given time, with those of the reply before.
func (s *Source) look(names []string, types []enrich.Type, at time.Time) {
	r := &s.remarks
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.columns
	r.columns = make(map[string]enrich.Type, len(names))
	for i, name := range names {
		r.columns[name] = types[i]
	}
	if before == nil {
		return
	}
	list := differences(before, r.columns)
	if len(list) == 0 {
		return
	}
	for _, what := range list {
		r.changes = append(r.changes, change{at, what})
	}
	r.changes = slices.Clone(r.changes[max(0, len(r.changes)-maxChanges):])
	r.changed += int64(len(list))
	s.log.WithField("table", s.table.Name).Warnf("the table's columns have changed, and rows pass as they are: %s. "+
		"Rules that read these columns may not match any more", strings.Join(list, ", "))
}

// differences says what became of columns, in the order of their names.
func differences(before, after map[string]enrich.Type) (list []string) {
	renamed := map[string]string{} // by the new name
	for old, was := range before {
		if now, there := after[old]; there {
			if now != was {
				list = append(list, fmt.Sprintf("%s is of type %s now, not %s", old, now, was))
			}
			continue
		}
		same := func(name string) bool { _, known := before[name]; return !known && strings.EqualFold(name, old) }
		if name := firstOf(after, same); name != "" {
			renamed[name] = old
			list = append(list, fmt.Sprintf("%s (%s) is called %s (%s) now", old, was, name, after[name]))
			continue
		}
		list = append(list, fmt.Sprintf("%s (%s) is gone", old, was))
	}
	for name, now := range after {
		if _, known := before[name]; !known && renamed[name] == "" {
			list = append(list, fmt.Sprintf("%s (%s) is new", name, now))
		}
	}
	slices.Sort(list)
	return list
}

// firstOf is the first name, in their order, that is wanted.
func firstOf(columns map[string]enrich.Type, wanted func(string) bool) (first string) {
	for name := range columns {
		if wanted(name) && (first == "" || name < first) {
			first = name
		}
	}
	return first
}
