// Package secret reads the files that hold secrets, remembers what was in them, and takes it out of what others say.
//
// Servers, proxies and libraries repeat what they were sent: a page of a proxy shows the Authorization header, an error
// about a malformed status line shows the line. Their words are worth keeping, in the log, the status and the dead
// letters, so they are kept, without the secrets. Read keeper.go, then file.go for the files and match.go for how a secret is
// found again that was encoded on the way.
package secret

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Keeper remembers every secret that a process holds. There is one for a process, made where the process is put together and
// handed to whoever reads secrets or lets words from outside through. Its methods may be called at the same time. A nil Keeper
// reads files as any other does, but remembers and cleans nothing.
type Keeper struct {
	// Tolerate is told of files that others may read, each once, and these are read then; nil refuses them. It is set before
	// the first file is read.
	Tolerate func(problem error)

	known atomic.Pointer[index] // nil until there is a secret

	mu   sync.Mutex
	held map[any][]string // by where a secret is from, the latest last
	told map[string]bool  // problems that Tolerate knows
}

// NewKeeper returns a keeper that knows no secret yet.
func NewKeeper() *Keeper { return &Keeper{held: map[any][]string{}, told: map[string]bool{}} }

// MinLength is the least number of bytes of a secret. Shorter ones can't be told from ordinary words.
const MinLength = 8

// maxHeld is how many secrets of one origin are remembered: after a rotation the former ones may still be repeated.
const maxHeld = 16

// Hold remembers a secret. Of is where it is from, as a file's name, and comparable. What is shorter than MinLength isn't
// remembered.
func (k *Keeper) Hold(of any, secret string) {
	if k == nil || len(secret) < MinLength {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.held[of]
	if slices.Contains(list, secret) {
		return
	}
	k.held[of] = append(slices.Clone(list[max(0, len(list)-maxHeld+1):]), secret)
	k.known.Store(newIndex(slices.Concat(slices.Collect(maps.Values(k.held))...)))
}

// Mask stands where a secret was.
const Mask = "***"

// Clean returns text with Mask in the place of each secret: as it is, in base64 (standard or URL alphabet, also as a part of what
// was encoded), percent-encoded, escaped as in JSON, Go or HTML, and in up to three of these on top of each other. A secret that
// was cut off counts when its first bytes stand at the end of text or before an ellipsis. All other text stays as it is.
func (k *Keeper) Clean(text string) string {
	if k == nil {
		return text
	}
	known := k.known.Load()
	if known == nil {
		return text
	}
	return known.clean(text)
}

// CleanError returns err with a clean text, and around err, so that errors.Is and errors.As find what they did. An err without
// secrets, and nil, come back as they are.
func (k *Keeper) CleanError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if clean := k.Clean(text); clean != text {
		return &cleanError{clean, err}
	}
	return err
}

// cleanError is an error whose text was cleaned.
type cleanError struct {
	text string
	err  error
}

func (e *cleanError) Error() string { return e.text }

// Unwrap returns the error as it was; its text holds a secret.
func (e *cleanError) Unwrap() error { return e.err }

// HoldEnvironment remembers the secrets that libraries take from the environment: passwords of proxies and what azidentity
// reads. https://pkg.go.dev/github.com/Azure/azure-sdk-for-go/sdk/azidentity#readme-environment-variables
func (k *Keeper) HoldEnvironment(getenv func(string) (string, bool)) {
	for _, name := range []string{
		"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD", "IDENTITY_HEADER", "MSI_SECRET",
	} {
		if value, ok := getenv(name); ok {
			k.Hold("$"+name, value)
		}
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		value, _ := getenv(name)
		if !strings.Contains(value, "://") {
			value = "http://" + value // as net/http reads it
		}
		if u, err := url.Parse(value); err == nil {
			password, _ := u.User.Password()
			k.Hold("$"+name, password)
		}
	}
}

// tolerate reports whether a file with that problem is read nevertheless.
func (k *Keeper) tolerate(problem error) bool {
	if k == nil || k.Tolerate == nil {
		return false
	}
	k.mu.Lock()
	known := k.told[problem.Error()]
	k.told[problem.Error()] = true
	k.mu.Unlock()
	if !known {
		k.Tolerate(problem)
	}
	return true
}
