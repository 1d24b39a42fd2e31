package admin

import "time"

// Certificate is one that ends some day.
type Certificate struct {
	Of      string    `json:"of"`    // who shows or sees it: "sink NAME" or "source WORKSPACE"
	Whose   string    `json:"whose"` // "receiver", or "client": the one that is shown to the other side
	Subject string    `json:"subject"`
	Expires time.Time `json:"expires"`
}

// certificateMetrics are about certificates.
func certificateMetrics() []metric {
	return []metric{
		{"riskrelay_certificate_expires_timestamp_seconds", gauge, []string{"of", "whose"}, "When a certificate ends: the receiver's as it was last seen (whose \"receiver\"), or the one that a sink or a source shows (\"client\"). A receiver's is not given before the first TLS connection.", func(s Snapshot, give giveFunc) {
			for _, c := range s.Certificates {
				if v, ok := seconds(c.Expires); ok {
					give(v, c.Of, c.Whose)
				}
			}
		}},
	}
}
