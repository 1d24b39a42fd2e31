package ledgertest

import (
	"errors"
	"testing"

	"github.com/riskrelay/riskrelay/host/ledger"
)

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) Place {
		m := New()
		return func() ledger.Store { return m }
	})
}

func TestFail(t *testing.T) {
	m, k, broken := New(), key(beside, "k"), errors.New("broken")
	m.Fail(broken)
	refused(t, m, ledger.Batch{Put: puts(k, "x")}, broken)
	m.Fail(nil)
	holds(t, m, k, "", 0)
	commit(t, m, ledger.Batch{Put: puts(k, "x")})
	if m.Count(beside, "") != 1 || m.Count(beside, "x") != 0 || m.Count(records, "") != 0 {
		t.Error("it counts something else")
	}
}
