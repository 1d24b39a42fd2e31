package endpoint

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestConnectionsAreRenewed checks that no connection is used for longer than its time.
func TestConnectionsAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRenewing(TLS{}, Proxy{})
		first := r.transport()
		time.Sleep(ConnectionAge - time.Second)
		if r.transport() != first {
			t.Error("renewed too early")
		}
		time.Sleep(time.Second)
		if r.transport() == first {
			t.Error("not renewed")
		}
	})
}
