package admin

import "time"

// Certificate is one that ends some day.
type Certificate struct {
	Of      string    `json:"of"`    // the sink that shows or sees it
	Whose   string    `json:"whose"` // "receiver", or "client": the one that is shown to the receiver
	Subject string    `json:"subject"`
	Expires time.Time `json:"expires"`
}

// certificateMetrics are about certificates.
func certificateMetrics() []metric {
	return []metric{
		{"riskrelay_certificate_expires_timestamp_seconds", gauge, []string{"sink", "whose"}, "When a certificate ends: the receiver's as it was last seen (whose \"receiver\"), or the one that the sink shows (\"client\"). Not given before the first TLS connection, nor without TLS.", func(s Snapshot, give giveFunc) {
			for _, c := range s.Certificates {
				if v, ok := seconds(c.Expires); ok {
					give(v, c.Of, c.Whose)
				}
			}
		}},
	}
}
