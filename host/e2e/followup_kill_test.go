//go:build linux

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
)

// TestKillWithFollowUps kills the process while events wait for their answers and follow-ups for the sinks. In the end each
// change of a redirect URI to a host that doesn't exist has its row and its one follow-up, which always has the same id, and
// nothing else came.
func TestKillWithFollowUps(t *testing.T) {
	resolver, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer resolver.Close()
	const changes, gone = 40, 20 // at five questions a second
	work, workspace := emptyWork(t)
	begin := time.Now().UTC().Add(-30 * time.Minute)
	for i := range changes {
		host := fmt.Sprintf("h%d.example.com", i)
		if i%2 == 0 {
			resolver.Set(host, dnstest.Address("192.0.2.1"))
		}
		r := redirectChange(t, int64(i), begin.Add(time.Duration(i)*time.Second), host)
		if err := workspace.Add(r.Table, r.Ingested, fmt.Appendf(nil, `{"_ItemId":%q,%s`, itemID(r), r.JSON[1:])); err != nil {
			t.Fatal(err)
		}
		work.sent[itemID(r)] = 0
	}
	var got output
	work.receive(t, workspace, &got, fmt.Sprintf("dns: {resolver: %q}", resolver.Addr))
	for _, n := range []int{changes, changes + gone/4, changes + gone/2} {
		work.runUntil(t, n)
	}
	work.finish(t)
	work.finish(t)                                                             // what one run may leave to the next
	if err := work.syslog.Events.Wait(t.Context(), changes+gone); err != nil { // it may still read when the program has ended
		t.Error(err)
	}
	if hec, syslog := work.hec.Events.Len(), work.syslog.Events.Len(); hec != changes+gone || syslog != changes+gone {
		t.Errorf("hec %d events, syslog %d, want %d", hec, syslog, changes+gone)
	}
	if hec, syslog := work.hec.Events.Compare(work.sent), work.syslog.Events.Compare(work.sent); !hec.None() || !syslog.None() {
		t.Errorf("hec: %s; syslog: %s", show(hec.Missing, hec.Invented), show(syslog.Missing, syslog.Invented))
	}
	followed := map[string]string{}
	for _, e := range got.envelopes(t) {
		id, follows := e.Fields.EventID, e.Event.Risk.Follows
		if follows == "" {
			continue
		}
		if other, again := followed[follows]; again && other != id {
			t.Errorf("%s has the follow-ups %s and %s", follows, other, id)
		}
		followed[follows] = id
	}
	if len(followed) != gone {
		t.Errorf("%d rows have follow-ups, want %d", len(followed), gone)
	}
}
