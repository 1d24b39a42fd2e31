package rulefile

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Settings are what rules are evaluated with: the context and a pinned clock.
type Settings struct {
	Context     Context
	ContextFile string    // the name of the file, among those that come with the settings, that holds the context instead
	Informed    []string  // names of the files, among those too, that hold what modules know: it is put under the context
	At          time.Time // zero means the wall clock
	// Unread says of files that lists name why they are not among those that come with the settings.
	Unread map[string]string
}

// Context is what rules know beside the row. A part that is nil is not configured.
type Context struct {
	BusinessHours      *BusinessHours
	VerifiedDomains    []string          // lower case
	DNS                map[string]string // host in lower case -> nxdomain, resolves or unknown
	Lists              map[string][]string
	ListFiles          map[string]Watchlist // those of Lists that stand in a file; [Load] reads them
	ListNames          []diag.Text          // the names of Lists, where they stand
	CredentialLifetime time.Duration        // 0 means not configured
	Applications       []json.RawMessage
	Seen               map[string][]string
	Awaited            map[string]string // parts that a module will know later -> the module's name
}

// DefaultCredentialLifetime is how long credentials may live where the context doesn't say: what the portal recommends for a
// new client secret. https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials
const DefaultCredentialLifetime = 180 * 24 * time.Hour

// BusinessHours say when people work.
type BusinessHours struct {
	Zone     *time.Location
	Days     [7]bool  // by time.Weekday
	From, To int      // minutes after midnight; To before From means that work ends on the next day
	Holidays []string // days in Zone, as 2006-01-02
	Changes  []Span   // change windows, which count as working hours
}

// Span is a stretch of time; To is not inside.
type Span struct{ From, To time.Time }

// ParseSettings reads a YAML or JSON document with the keys context, context_file, informed, unread and at. Every key it doesn't know is an error.
// Empty data are settings without context.
func ParseSettings(name string, data []byte) (Settings, diag.Problems) {
	var s Settings
	problems := document(name, data, func(d *decoder, n *node) {
		d.fields(n, "the settings", []field{
			{"context", optional, func(n *node) { s.Context = d.context(n) }},
			{"context_file", optional, func(n *node) { s.ContextFile = d.text(n, anything).Value }},
			{"informed", optional, func(n *node) { s.Informed = d.plain(n) }},
			{"unread", optional, func(n *node) { s.Unread = d.reasons(n) }},
			{"at", optional, func(n *node) { s.At = d.time(n) }},
		})
	})
	return s, problems
}

// ParseContext reads a context file, YAML or JSON. Every key it doesn't know is an error. An empty file is a context
// in which nothing is configured.
func ParseContext(name string, data []byte) (Context, diag.Problems) {
	var c Context
	problems := document(name, data, func(d *decoder, n *node) { c = d.context(n) })
	return c, problems
}

// document reads data as one YAML document and hands it to decode. Nothing but white space is no document.
func document(name string, data []byte, decode func(*decoder, *node)) diag.Problems {
	if len(data) <= MaxContext && strings.TrimSpace(string(data)) == "" {
		return nil
	}
	return readUpTo(MaxContext, name, data, decode)
}

func (d *decoder) context(n *node) (c Context) {
	if n.kind == null {
		return c
	}
	d.fields(n, "a context", []field{
		{"business_hours", optional, func(n *node) { c.BusinessHours = d.businessHours(n) }},
		{"verified_domains", optional, func(n *node) { c.VerifiedDomains = d.domains(n) }},
		{"dns", optional, func(n *node) { c.DNS = d.verdicts(n) }},
		{"lists", optional, func(n *node) { d.watchlists(n, &c) }},
		{"credential_lifetime", optional, func(n *node) { c.CredentialLifetime = d.duration(n) }},
		{"applications", optional, func(n *node) { c.Applications = d.objects(n) }},
		{"seen", optional, func(n *node) { c.Seen = d.named(n) }},
	})
	return c
}

// plain are the texts of a list, not nil when there are none.
func (d *decoder) plain(n *node) []string {
	out := []string{}
	for _, t := range d.texts(n, anything) {
		out = append(out, t.Value)
	}
	return out
}

// domains reads names of domains, not nil when there are none.
func (d *decoder) domains(n *node) []string {
	out := []string{}
	for _, t := range d.texts(n, domain) {
		out = append(out, strings.ToLower(strings.TrimSuffix(t.Value, ".")))
	}
	return out
}

// named reads a mapping of lists.
func (d *decoder) named(n *node) map[string][]string {
	out := map[string][]string{}
	d.entries(n, func(name diag.Text, value *node) { out[name.Value] = d.plain(value) })
	return out
}

// watchlists reads a mapping of lists, of which each stands here or in a file.
func (d *decoder) watchlists(n *node, c *Context) {
	c.Lists, c.ListFiles = map[string][]string{}, map[string]Watchlist{}
	d.entries(n, func(name diag.Text, value *node) {
		c.ListNames = append(c.ListNames, name)
		if value.kind != mapping {
			c.Lists[name.Value] = d.plain(value)
			return
		}
		var w Watchlist
		d.fields(value, "a list", []field{
			{"file", required, func(n *node) { w.Path = d.text(n, notBlank) }},
			{"column", optional, func(n *node) { w.Column = d.text(n, notBlank) }},
		})
		d.columnFits(w)
		c.Lists[name.Value], c.ListFiles[name.Value] = nil, w
	})
}

// verdicts reads a mapping of hosts to what DNS says of them.
func (d *decoder) verdicts(n *node) map[string]string {
	out := map[string]string{}
	d.entries(n, func(host diag.Text, value *node) {
		out[strings.ToLower(strings.TrimSuffix(host.Value, "."))] = d.text(value, oneOf("nxdomain", "resolves", "unknown")).Value
	})
	return out
}

// reasons reads a mapping of names of files to why they can't be read.
func (d *decoder) reasons(n *node) map[string]string {
	out := map[string]string{}
	d.entries(n, func(name diag.Text, value *node) { out[name.Value] = d.text(value, notBlank).Value })
	return out
}

// entries reads a mapping with free keys.
func (d *decoder) entries(n *node, read func(key diag.Text, value *node)) {
	if !d.is(n, mapping) {
		return
	}
	d.noRepeats(n)
	for _, p := range n.pairs {
		d.at(p.key.Value, func() {
			key := p.key
			key.Path = d.path
			read(key, p.value)
		})
	}
}

func (d *decoder) objects(n *node) []json.RawMessage {
	out := []json.RawMessage{}
	for _, doc := range d.documents(n) {
		out = append(out, doc.JSON)
	}
	return out
}

// duration reads hours, minutes and so on as Go writes them ("4320h"), or days ("180d").
func (d *decoder) duration(n *node) time.Duration {
	t := d.text(n, anything)
	if !t.Present() {
		return 0
	}
	length, err := time.ParseDuration(t.Value)
	if days, ok := strings.CutSuffix(t.Value, "d"); ok {
		var count float64
		count, err = strconv.ParseFloat(days, 64)
		length = time.Duration(min(count, 100_000) * 24 * float64(time.Hour))
		if math.IsNaN(count) {
			length = 0
		}
	}
	if err != nil || length <= 0 {
		d.problems = append(d.problems, t.Problem(CodeValue, 0, 0, "want a length of time such as 180d or 4320h"))
		return 0
	}
	return length
}

func (d *decoder) businessHours(n *node) *BusinessHours {
	h := &BusinessHours{Zone: time.UTC}
	d.fields(n, "business_hours", []field{
		{"zone", optional, func(n *node) { h.Zone = d.zone(n) }},
		{"days", required, func(n *node) { h.Days = d.days(n) }},
		{"from", required, func(n *node) { h.From = d.clock(n) }},
		{"to", required, func(n *node) { h.To = d.clock(n) }},
		{"holidays", optional, func(n *node) { h.Holidays = d.holidays(n) }},
		{"changes", optional, func(n *node) { h.Changes = each(d, n, "", "window", "", d.span) }},
	})
	return h
}

func (d *decoder) zone(n *node) *time.Location {
	t := d.text(n, anything)
	zone, err := time.LoadLocation(t.Value)
	if err != nil || t.Value == "Local" {
		d.report(n, CodeValue, fmt.Sprintf("unknown time zone `%s`: want a name such as Europe/Berlin (IANA)", t.Value))
		return time.UTC
	}
	return zone
}

func (d *decoder) days(n *node) (days [7]bool) {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	for _, t := range d.distinct(n, oneOf(names...), atLeastOne) {
		if i := slices.Index(names, t.Value); i >= 0 {
			days[i] = true
		}
	}
	return days
}

// clock reads a time of day as minutes after midnight; 24:00 is the end of the day.
func (d *decoder) clock(n *node) int {
	t := d.text(n, anything)
	if t.Value == "24:00" {
		return 24 * 60
	}
	at, err := time.Parse("15:04", t.Value)
	if err != nil && t.Present() {
		d.problems = append(d.problems, t.Problem(CodeValue, 0, 0, `want a time of day such as "08:00"`))
	}
	return at.Hour()*60 + at.Minute()
}

func (d *decoder) holidays(n *node) (all []string) {
	day := func(value string) string {
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return notDay(value, "want a day such as 2026-12-25")
		}
		return ""
	}
	for _, t := range d.texts(n, day) {
		all = append(all, t.Value)
	}
	return all
}

func (d *decoder) span(n *node) (s Span) {
	d.fields(n, "a change window", []field{
		{"from", required, func(n *node) { s.From = d.time(n) }},
		{"to", required, func(n *node) { s.To = d.time(n) }},
	})
	if !s.From.IsZero() && !s.To.IsZero() && !s.To.After(s.From) {
		d.report(n, CodeValue, "the window ends before it begins")
	}
	return s
}
