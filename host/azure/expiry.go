package azure

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Expires is when the certificate of the credential ends, and whose it is. The time is zero for a credential without one, and for
// one that can't be read, which shows when a token is asked for.
func (c *Credential) Expires() (subject string, at time.Time) {
	if c.Kind != kindCertificate {
		return "", time.Time{}
	}
	text, err := readSecret("certificate_file", c.CertificateFile)
	if err != nil {
		return "", time.Time{}
	}
	certificates, _, err := azidentity.ParseCertificates(text, nil)
	if err != nil || len(certificates) == 0 {
		return "", time.Time{}
	}
	return certificates[0].Subject.CommonName, certificates[0].NotAfter
}
