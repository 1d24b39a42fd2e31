package azure

import "time"

// Expires is when the certificate of the credential ends, and whose it is. The time is zero for a credential without one, and for
// one that can't be read, which shows when a token is asked for.
func (c *Credential) Expires() (subject string, at time.Time) {
	if c.Kind != kindCertificate {
		return "", time.Time{}
	}
	certificates, _, err := c.certificate()
	if err != nil || len(certificates) == 0 {
		return "", time.Time{}
	}
	return certificates[0].Subject.CommonName, certificates[0].NotAfter
}
