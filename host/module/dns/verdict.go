package dns

// Verdict is what DNS says of a host.
type Verdict string

// The verdicts. Unknown is no statement about the host: it was not asked for yet, must not be asked for, or nobody gave a
// clear answer (a timeout, SERVFAIL, REFUSED, a loop).
const (
	NXDomain Verdict = "nxdomain" // the name, or the one that it is an alias of, doesn't exist: anybody may register it
	Resolves Verdict = "resolves" // the name has an address
	NoData   Verdict = "nodata"   // the name exists and has no address
	Unknown  Verdict = "unknown"
)

// Final reports whether asking again soon gives nothing new.
func (v Verdict) Final() bool { return v == NXDomain || v == Resolves || v == NoData }

// Word is the verdict in the words that rules know: nxdomain, resolves or unknown. A name without an address neither
// resolves nor is free to be registered.
func (v Verdict) Word() string {
	if v == NXDomain || v == Resolves {
		return string(v)
	}
	return string(Unknown)
}
