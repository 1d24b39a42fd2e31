package endpoint

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Whose a certificate is.
const (
	Receiver = "receiver" // it was shown by the receiver
	Client   = "client"   // it is shown to the receiver
)

// Certificate is one that ends some day.
type Certificate struct {
	Whose   string
	Subject string
	Expires time.Time
}

// Certificates notes which certificates are in use. The zero value is good; its methods may be called at the same time, and a nil
// one notes nothing.
type Certificates struct {
	mu    sync.Mutex
	known map[string]Certificate
}

// All are the certificates as they were last seen: the receiver's after the first handshake, the client's if there is one.
func (c *Certificates) All() (all []Certificate) {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, whose := range []string{Client, Receiver} {
		if one, ok := c.known[whose]; ok {
			all = append(all, one)
		}
	}
	return all
}

func (c *Certificates) note(whose string, leaf *x509.Certificate) {
	if c == nil || leaf == nil {
		return
	}
	subject := leaf.Subject.CommonName
	if subject == "" && len(leaf.DNSNames) > 0 {
		subject = leaf.DNSNames[0]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]Certificate{}
	}
	c.known[whose] = Certificate{whose, subject, leaf.NotAfter}
}

// Stamp changes when a file of t does. It is "" without files.
func (t TLS) Stamp() string {
	var s strings.Builder
	for _, path := range []string{t.CAFile, t.CertFile, t.KeyFile} {
		if path == "" {
			continue
		}
		if info, err := os.Stat(path); err != nil {
			fmt.Fprintf(&s, "%s -\n", path)
		} else {
			fmt.Fprintf(&s, "%s %d %d %d\n", path, info.Size(), info.ModTime().UnixNano(), inode(info))
		}
	}
	return s.String()
}

// Renewed reports whether the files of t are others than when old was their stamp, and can be used: a pair of which only one half
// was replaced yet can't. The new stamp is for the next time.
func (t TLS) Renewed(old string) (stamp string, renewed bool) {
	stamp = t.Stamp()
	if stamp == old {
		return old, false
	}
	if _, err := t.Config(); err != nil {
		return old, false
	}
	return stamp, true
}
