// Package failpoint names the steps between which a process may die, so that a test can kill it at each of them. Programs
// are built without it: only the build tag failpoints makes [Hit] do anything.
package failpoint

// Point is a place in the program.
type Point string

// The points, in the order in which an event passes them. What was not confirmed and written down before one is sent again
// after it.
const (
	WindowPlanned    Point = "window planned, not in the ledger yet"
	WindowOpened     Point = "window in the ledger"
	BatchRead        Point = "batch read"
	BatchTagged      Point = "batch tagged"
	BatchOffered     Point = "batch given to the sinks"
	SendBegun        Point = "send begun"
	RequestAnswered  Point = "collector answered, not acknowledged yet"
	LinesWritten     Point = "lines written, not synced"
	StreamWritten    Point = "messages written to the connection"
	LettersRefused   Point = "events refused, not in the dead letters"
	LettersKept      Point = "dead letters written, not confirmed"
	SendConfirmed    Point = "send confirmed"
	BatchLanded      Point = "batch landed in order"
	MarkUnwritten    Point = "mark about to be written"
	LedgerChanged    Point = "ledger changed, not committed"
	LedgerCommitted  Point = "ledger committed"
	MarkWritten      Point = "mark written"
	WindowRead       Point = "window read to its end"
	WindowUnfinished Point = "window sent, not closed"
	WindowClosed     Point = "window closed"
	WindowUncut      Point = "window too large, not cut"
	WindowCut        Point = "window cut"
	SeenUnsaved      Point = "what rules have seen not saved"
	SeenSaved        Point = "what rules have seen saved"
)

// Points lists them all.
func Points() []Point {
	return []Point{
		WindowPlanned, WindowOpened, BatchRead, BatchTagged, BatchOffered, SendBegun, RequestAnswered, LinesWritten, StreamWritten,
		LettersRefused, LettersKept, SendConfirmed, BatchLanded, MarkUnwritten, LedgerChanged, LedgerCommitted, MarkWritten,
		WindowRead, WindowUnfinished, WindowClosed, WindowUncut, WindowCut, SeenUnsaved, SeenSaved,
	}
}

// Variable is the environment variable that says where a process built for it dies: a number and a point, as in
// "3 batch read" for the third time that it gets there.
const Variable = "RISKRELAY_FAILPOINT"
