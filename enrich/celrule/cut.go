package celrule

import (
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
)

// cutReason is what a rule says of an event in which it found nothing, when the reason may be that the file has less than the event.
const cutReason = "not judged: what it looks for may be what the file left out, as the portal's CSV has room for three targets, five changes of each and six details; " +
	"download the JSON"

// blinded adds an error for each rule that found nothing in an event whose lists may be cut, although all that isn't cut speaks for a
// match.
func (w *worker) blinded(t *tableWork, tags []enrich.Tag) []enrich.Tag {
	said := map[string]bool{}
	for i := range tags {
		said[tags[i].Rule] = true
	}
	for place, r := range t.all {
		if !r.readsCut || said[r.Info.ID] || !t.index.CanMatchWithout(place, w.Frame, enrich.CutLists()) {
			continue
		}
		tags = append(tags, enrich.Tag{Rule: r.Info.ID, Error: cutReason})
	}
	return tags
}

// readsCut reports whether a rule reads columns with lists that may be cut.
func readsCut(columns map[string]bool) bool {
	return slices.ContainsFunc(enrich.CutLists(), func(column string) bool { return columns[column] })
}
