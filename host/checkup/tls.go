package checkup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Soon is how long before a certificate ends somebody should be told.
const Soon = 14 * 24 * time.Hour

// Explain says what an error of a TLS connection to t means, and what to do. ServerName is the name that was asked for.
func Explain(err error, t Target, serverName string) (says, fix string) {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		remote  *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		says = "the certificate is signed by an authority that isn't trusted"
		if unknown.Cert != nil {
			says += ": " + issuer(unknown.Cert)
		}
		return says, "have the receiver send its whole chain, and write the certificate of the authority that it ends with, as PEM, to the file in " +
			t.CAKey + "; if that isn't yours, something on the way intercepts TLS"
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for %s, not for %s", names(name.Certificate), serverName),
			"use a name in " + t.Key + " that the certificate has, or have the certificate issued for this one"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if now := time.Now(); now.Before(invalid.Cert.NotBefore) {
			return "the certificate is valid only from " + day(invalid.Cert.NotBefore) + " on", "check the clock of this machine and of the receiver"
		}
		return "the certificate expired: it was valid until " + day(invalid.Cert.NotAfter), "have the receiver's certificate renewed"
	case errors.As(err, &invalid):
		return "the certificate can't be used: " + invalid.Error(), "have a certificate for servers issued for the receiver"
	case errors.As(err, &record):
		return "the receiver doesn't speak TLS on this port", "use the port for TLS in " + t.Key + ", or turn TLS on at the receiver"
	case errors.As(err, &remote) && remote.Op == "remote error":
		return explainAlert(remote, t)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time: " + err.Error(), "the receiver is busy, or something on the way holds the packets back"
	}
	return err.Error(), "is there a proxy or a load balancer in between that ends the connection?"
}

// explainAlert is about an alert of the receiver (RFC 8446, 6), of which crypto/tls gives only the text.
func explainAlert(alert *net.OpError, t Target) (says, fix string) {
	says = "the receiver ended TLS: " + alert.Err.Error()
	switch strings.TrimPrefix(alert.Err.Error(), "tls: ") {
	case "certificate required", "handshake failure":
		return says, clientFix(t)
	case "bad certificate", "unsupported certificate", "revoked certificate", "unknown certificate", "unknown certificate authority", "access denied":
		return says, "the receiver doesn't accept the certificate in " + t.CertKey + ": have it trust the authority that signed it, or use another one"
	case "expired certificate":
		return says, "the certificate in " + t.CertKey + " expired: renew it"
	case "protocol version not supported":
		return says, "the receiver speaks only versions of TLS before 1.2: have TLS 1.2 or later turned on there"
	case "unrecognized name":
		return says, "the receiver doesn't know the name in " + t.Key
	}
	return says, "look into the receiver's log"
}

// clientFix is about a receiver that got no client certificate. None is shown that is of no authority the receiver asks for.
func clientFix(t Target) string {
	switch {
	case t.CertKey == "":
		return "the receiver asks for a client certificate, and none can be shown to it here: turn that off there"
	case t.TLS != nil && len(t.TLS.Certificates) > 0:
		return "the certificate in " + t.CertKey + " is of an authority that the receiver doesn't know: have it trust that one, or use another certificate"
	}
	return "if the receiver asks for a client certificate, name it in " + t.CertKey
}

// names are the names that a certificate is good for, at most three.
func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	switch {
	case len(all) == 0:
		return c.Subject.CommonName + " (no alternative names)"
	case len(all) > 3:
		return strings.Join(all[:3], ", ") + ", ..."
	}
	return strings.Join(all, ", ")
}

func issuer(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.String()
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func inDays(left time.Duration) string {
	return fmt.Sprintf("%d days left", int(left/(24*time.Hour)))
}
