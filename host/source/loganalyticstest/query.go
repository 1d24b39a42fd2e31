package loganalyticstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// maxQueryBody bounds the body of a request.
const maxQueryBody = 4 << 20

// body is what a client posts.
type body struct {
	Query      string   `json:"query"`
	Timespan   string   `json:"timespan"`
	Workspaces []string `json:"workspaces"`
}

func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	s.date(w)
	asked := Request{Header: r.Header.Clone()}
	asked.Header.Del("Authorization")
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQueryBody))
	if err != nil {
		writeError(w, http.StatusBadRequest, "BadArgumentError", "The request body could not be read")
		return
	}
	var b body
	badBody := json.Unmarshal(text, &b)
	asked.Query, asked.Timespan = b.Query, b.Timespan
	query, bad := kql.Parse(b.Query)
	if bad == nil {
		asked.Table = query.Table()
	}
	fault := s.begin(&asked)
	if fault.ExpireToken {
		s.ExpireTokens()
	}
	out := &reply{w: w, r: r, fault: fault, asked: &asked}
	defer func() { s.end(asked) }() // also when the answer is cut off by a panic
	if !s.admit(out) || !out.before() {
		return
	}
	switch {
	case len(text) == 0 || !isJSON(r):
		// The service answers a request without body or content type with an empty 200.
		out.status(http.StatusOK)
	case badBody != nil:
		out.fail(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties: the body is no JSON object")
	case bad != nil:
		out.failQuery(bad)
	default:
		s.answer(out, query, b.Timespan)
	}
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// admit answers requests that may not ask at all.
func (s *Server) admit(out *reply) bool {
	if status, code, reason := s.tokens.check(out.r); status != 0 {
		if status == http.StatusUnauthorized {
			out.w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="`+"https://"+out.r.Host+"/"+s.options.Tenant+`"`)
		}
		out.fail(status, code, reason)
		return false
	}
	if id := out.r.PathValue("workspace"); !strings.EqualFold(id, s.options.Workspace) {
		out.fail(http.StatusNotFound, "WorkspaceNotFoundError", "The workspace '"+id+"' could not be found")
		return false
	}
	return true
}

func (s *Server) answer(out *reply, query *kql.Query, timespan string) {
	now := s.options.Now()
	var db kql.Database = snapshot{s.store, now}
	if timespan != "" {
		from, to, err := parseTimespan(timespan, now)
		if err != nil {
			out.fail(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties: "+err.Error())
			return
		}
		db = within{db, from, to}
	}
	result, err := query.Run(db)
	if err != nil {
		out.failQuery(err)
		return
	}
	rows, bytes := s.options.RowLimit, s.options.ByteLimit
	if out.fault.Rows > 0 || out.fault.NoRows {
		rows = min(rows, out.fault.Rows)
	}
	out.result(result, rows, bytes)
}

// failQuery answers a query that can't be read or has no meaning.
func (out *reply) failQuery(err error) {
	inner := map[string]any{"code": "SYN0002", "message": err.Error()}
	code, message := "SyntaxError", "A recognition error occurred in the query."
	var syntax *kql.SyntaxError
	var semantic *kql.SemanticError
	switch {
	case errors.As(err, &syntax):
		inner["line"], inner["pos"], inner["token"] = syntax.Line, syntax.Pos, syntax.Token
	case errors.As(err, &semantic):
		inner["code"] = semantic.Code
		code, message = "SemanticError", "A semantic error occurred."
	}
	out.failWith(http.StatusBadRequest, map[string]any{
		"code": "BadArgumentError", "message": "The request had some invalid properties",
		"innererror": map[string]any{"code": code, "message": message, "innererror": inner},
	})
}

// date sets the Date header from the server's clock instead of the machine's.
func (s *Server) date(w http.ResponseWriter) {
	w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

// parseTimespan reads the API's time span: start/end, start/duration, duration/end or a duration that ends now.
func parseTimespan(text string, now time.Time) (from, to time.Time, err error) {
	left, right, both := strings.Cut(text, "/")
	if !both {
		d, err := parseDuration(left)
		return now.Add(-d), now, err
	}
	from, fromErr := time.Parse(time.RFC3339Nano, left)
	to, toErr := time.Parse(time.RFC3339Nano, right)
	var d time.Duration
	switch {
	case fromErr != nil && toErr != nil:
		err = fmt.Errorf("timespan %q is not an ISO 8601 interval", text)
	case fromErr != nil:
		d, err = parseDuration(left)
		from = to.Add(-d)
	case toErr != nil:
		d, err = parseDuration(right)
		to = from.Add(d)
	}
	return from, to, err
}

// parseDuration reads the ISO 8601 durations that have a fixed length: PnW, PnDTnHnMnS.
func parseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("timespan %q is not an ISO 8601 duration", text)
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, bad
	}
	var total time.Duration
	inTime := false
	for rest != "" {
		if !inTime && rest[0] == 'T' {
			inTime, rest = true, rest[1:]
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if i <= 0 {
			return 0, bad
		}
		n, err := strconv.ParseFloat(rest[:i], 64)
		unit := durationUnit(rest[i], inTime)
		if err != nil || unit == 0 {
			return 0, bad
		}
		total += time.Duration(n * float64(unit))
		rest = rest[i+1:]
	}
	return total, nil
}

func durationUnit(letter byte, inTime bool) time.Duration {
	switch {
	case !inTime && letter == 'W':
		return 7 * 24 * time.Hour
	case !inTime && letter == 'D':
		return 24 * time.Hour
	case inTime && letter == 'H':
		return time.Hour
	case inTime && letter == 'M':
		return time.Minute
	case inTime && letter == 'S':
		return time.Second
	}
	return 0
}
