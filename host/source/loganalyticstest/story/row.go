package story

import (
	"strconv"
	"time"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Row is one made-up row.
type Row struct {
	Table    string
	Kind     string    // what kind of row it is, "token-refresh": its name under data/rows
	Serial   int64     // see Serial
	Time     time.Time // when it happened: TimeGenerated
	Ingested time.Time // when the workspace has it, minutes later
	JSON     []byte    // the row, dynamic columns as objects, without what the workspace adds (TenantId, _ItemId)

	// Of steps of the attack only: a name of a few words, what it means, and the rows of the guide that an event
	// like this must be tagged with.
	Step, About string
	Guide       []string
}

// AttackSerial is the serial of the attack's first row; those of a day count from 1.
const AttackSerial int64 = 900_000_000_000

// serialDigits is how many digits a serial has where it stands, the length of a GUID's last group.
const serialDigits = 12

// SerialColumn is the column whose last digits are the serial: the table's own id, or, where it has none, what joins
// the rows of an action.
func SerialColumn(table string) string {
	t, ok := schema.Lookup(table)
	if !ok {
		return ""
	}
	if t.IDColumn != "" {
		return t.IDColumn
	}
	return t.CorrelationColumn
}

// Serial reads the serial from the text of SerialColumn; ok is false when there is none.
func Serial(text string) (serial int64, ok bool) {
	if len(text) < serialDigits {
		return 0, false
	}
	n, err := strconv.ParseInt(text[len(text)-serialDigits:], 10, 64)
	return n, err == nil && n >= 0
}
