package host

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// certified is a sink that knows which certificates are in use.
type certified interface {
	Certificates() []endpoint.Certificate
}

// certificates are those that sinks show and see, and those that sources show to the directory.
func (h *Host) certificates() (all []admin.Certificate) {
	for _, s := range h.sinks {
		sink, ok := s.sink.(certified)
		if !ok {
			continue
		}
		for _, c := range sink.Certificates() {
			all = append(all, admin.Certificate{Of: "sink " + s.name, Whose: c.Whose, Subject: c.Subject, Expires: c.Expires.UTC()})
		}
	}
	for i := range h.config.Sources.LogAnalytics {
		s := &h.config.Sources.LogAnalytics[i]
		if subject, at := s.Credential.Expires(); !at.IsZero() {
			all = append(all, admin.Certificate{Of: "source " + s.Workspace, Whose: endpoint.Client, Subject: subject, Expires: at.UTC()})
		}
	}
	return all
}

const (
	expiryEvery = time.Minute    // how often certificates are looked at
	expiryAgain = 24 * time.Hour // how often one that ends soon is logged
)

// watchCertificates logs those that end soon, until ctx ends.
func (h *Host) watchCertificates(ctx context.Context) {
	logged := map[string]time.Time{}
	for {
		warnExpiring(h.log, time.Now(), h.certificates(), logged)
		if backoff.Sleep(ctx, expiryEvery) != nil {
			return
		}
	}
}

// warnExpiring logs the certificates that end within checkup.Soon, each once a day. Logged remembers when that was.
func warnExpiring(log logrus.FieldLogger, now time.Time, all []admin.Certificate, logged map[string]time.Time) {
	for _, c := range all {
		key := c.Of + "\n" + c.Whose + "\n" + c.Expires.String()
		left := c.Expires.Sub(now)
		if left > checkup.Soon || !logged[key].IsZero() && now.Sub(logged[key]) < expiryAgain {
			continue
		}
		logged[key] = now
		entry := log.WithFields(logrus.Fields{"of": c.Of, "whose": c.Whose, "subject": c.Subject, "expires": c.Expires.UTC().Format(time.RFC3339)})
		what := "the certificate that it shows"
		if c.Whose == endpoint.Receiver {
			what = "the receiver's certificate"
		}
		if left <= 0 {
			entry.Errorf("%s of %s has expired: have it renewed, no restart is needed", what, c.Of)
		} else {
			entry.Warnf("%s of %s expires in %d days: have it renewed, no restart is needed", what, c.Of, int(left/(24*time.Hour)))
		}
	}
}
