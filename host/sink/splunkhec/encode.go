package splunkhec

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// encoder writes events in the envelope of the HTTP Event Collector. Index, host, source and source type come from
// the configuration and the table's name, never from a text in the event.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
type encoder struct {
	host       []byte // ,"host":"..."
	index      string // "" for none
	perTable   bool   // the index follows from the table
	source     string
	sourcetype string
	workspace  string
	shape      eventjson.Shape
}

func newEncoder(c Config) *encoder {
	e := &encoder{source: c.Source, sourcetype: c.Sourcetype, workspace: c.Workspace, shape: eventjson.Shape{ExpandJSON: c.ExpandJSON}}
	if c.Shape == ShapeStream {
		e.shape.Records = new(shape.Writer)
	}
	e.host = enrich.AppendString([]byte(`"host":`), c.host())
	e.index, e.perTable = c.Index, strings.Contains(c.Index, "{table}")
	return e
}

// headers are the parts of envelopes that events of one table and workspace share, by table, kept from one event to the next.
type headers map[string]header

// header is what stands from "host" to "event": with the colon.
type header struct {
	text   []byte
	tenant []byte // the cell TenantId that it was made for
}

// append appends one event's envelope on one line. It uses a header of h again when it fits, and makes it anew otherwise.
func (c *encoder) append(dst []byte, e *enrich.Event, h headers) ([]byte, error) {
	known, ok := h[e.Table]
	if tenant := e.Lookup("TenantId"); !ok || !bytes.Equal(known.tenant, tenant) {
		known = header{text: c.appendHeader(nil, e), tenant: bytes.Clone(tenant)}
		h[e.Table] = known
	}
	dst = append(dst, '{')
	dst = appendTime(dst, e.Time)
	dst = append(dst, known.text...)
	dst, err := c.shape.Append(dst, e)
	if err != nil {
		return dst, err
	}
	dst = appendIndexed(append(dst, `,"fields":{`...), e)
	return append(dst, "}}\n"...), nil
}

func (c *encoder) appendHeader(dst []byte, e *enrich.Event) []byte {
	dst = append(dst, c.host...)
	if c.index != "" {
		dst = enrich.AppendString(append(dst, `,"index":`...), strings.ReplaceAll(c.index, "{table}", plainTable(e.Table)))
	}
	dst = append(dst, `,"source":`...)
	dst = enrich.AppendString(dst, strings.ReplaceAll(c.source, "{workspace}", c.workspaceOf(e)))
	dst = append(dst, `,"sourcetype":`...)
	dst = enrich.AppendString(dst, c.sourcetypeOf(e.Table))
	return append(dst, `,"event":`...)
}

// sourcetypeOf is the source type of events of a table: for records that of Microsoft's add-on, so that what knows its events knows
// these, unless the configuration names another.
func (c *encoder) sourcetypeOf(table string) string {
	if c.shape.Records != nil && c.sourcetype == sourcetypeOfColumns {
		if record, ok := shape.Sourcetype(table); ok {
			return record
		}
	}
	return strings.ReplaceAll(c.sourcetype, "{table}", plainTable(table))
}

// appendTime appends the time in seconds with milliseconds; without a time Splunk takes its own clock.
func appendTime(dst []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if t.IsZero() || ms < 0 {
		return dst
	}
	dst = strconv.AppendInt(append(dst, `"time":`...), ms/1000, 10)
	rest := ms % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10), ',')
}

// appendIndexed appends the indexed fields, so that tstats finds risk without reading events. Each of their values stands in the
// event too: without an app that declares them, Splunk finds an indexed field only in events whose text has the value.
func appendIndexed(dst []byte, e *enrich.Event) []byte {
	dst = enrich.AppendString(append(dst, `"event_id":`...), e.ID)
	if !e.Risk.Tagged() {
		return dst
	}
	dst = enrich.AppendString(append(dst, `,"risk_level":`...), e.Risk.Level.String())
	dst = append(strconv.AppendInt(append(dst, `,"risk_score":"`...), int64(e.Risk.Score), 10), '"')
	dst = appendStrings(append(dst, `,"risk_rule":`...), e.Risk.Tags)
	if techniques := e.Risk.Techniques(); len(techniques) > 0 {
		dst = appendStrings(append(dst, `,"mitre_technique_id":`...), techniques)
	}
	if first := e.Risk.CountedWith(); len(first) > 0 {
		dst = appendStrings(append(dst, `,"counted_with":`...), first)
	}
	if e.Risk.Follows != "" {
		dst = enrich.AppendString(append(dst, `,"risk_follows":`...), e.Risk.Follows)
	}
	return dst
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = enrich.AppendString(dst, s)
	}
	return append(dst, ']')
}

// workspaceOf is the configured workspace, or the id in the row's TenantId if it looks like one.
func (c *encoder) workspaceOf(e *enrich.Event) string {
	if c.workspace != "" {
		return c.workspace
	}
	if id := e.Text("TenantId"); len(id) == guidLength && uuid.Validate(id) == nil {
		return strings.ToLower(id)
	}
	return "unknown"
}

// guidLength is that of a GUID with dashes and nothing around it, as Azure writes it; [uuid.Validate] takes others too.
const guidLength = 36

// plainTable is the table in lower case, or "other" when that is not a table's name: a file to be replayed can hold
// anything.
func plainTable(table string) string {
	for _, c := range []byte(table) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '_' {
			return "other"
		}
	}
	if table == "" || len(table) > 64 {
		return "other"
	}
	return strings.ToLower(table)
}
