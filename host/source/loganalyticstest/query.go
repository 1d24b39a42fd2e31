package loganalyticstest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// maxQueryBody bounds the body of a request.
const maxQueryBody = 4 << 20

// body is what a client posts.
type body struct {
	Query string `json:"query"`
	// Timespan and Workspaces would change which rows are meant, which isn't known here.
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
	asked.Query = b.Query
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
	case b.Timespan != "" || len(b.Workspaces) > 0:
		out.fail(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties: timespan and workspaces are not known here")
	case bad != nil:
		out.failQuery(bad)
	default:
		s.answer(out, query)
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

func (s *Server) answer(out *reply, query *kql.Query) {
	result, err := query.Run(snapshot{s.store, s.options.Now()})
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
