package loganalyticstest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// reply is one answer on its way out, with its fault.
type reply struct {
	w     http.ResponseWriter
	r     *http.Request
	fault Fault
	asked *Request
}

// before plays the faults that come instead of an answer; it reports whether there is one to give.
func (out *reply) before() bool {
	f := out.fault
	switch {
	case f.Hang:
		<-out.r.Context().Done()
		return false
	case !out.pause(f.Delay):
		return false
	case f.Status == http.StatusNoContent:
		out.status(f.Status)
		return false
	case f.Status != 0:
		if f.RetryAfter > 0 {
			out.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		code, message := defaultCode(f.Status)
		if f.Code != "" {
			code = f.Code
		}
		out.fail(f.Status, code, message)
		return false
	case f.Empty:
		out.status(http.StatusOK)
		return false
	}
	return true
}

// pause waits; it reports whether the client is still there.
func (out *reply) pause(d time.Duration) bool {
	return d <= 0 || backoff.Sleep(out.r.Context(), d) == nil
}

func (out *reply) status(code int) {
	out.asked.Status = code
	out.w.WriteHeader(code)
}

func (out *reply) fail(status int, code, message string) {
	out.failWith(status, map[string]any{"code": code, "message": message})
}

func (out *reply) failWith(status int, problem map[string]any) {
	problem["correlationId"] = out.correlation()
	out.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	out.status(status)
	_ = json.NewEncoder(out.w).Encode(map[string]any{"error": problem}) // the client may have gone
}

func (out *reply) correlation() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", out.asked.Number)
}

// result streams the rows, at most so many rows and bytes; where there are more the reply is partial.
func (out *reply) result(result *kql.Result, rows, bytes int) {
	header := out.w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(out.r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
	}
	out.status(http.StatusOK)
	if !strings.Contains(out.r.Header.Get("Accept-Encoding"), "gzip") {
		_ = out.body(&line{reply: out}, result, rows, bytes) // the client may have gone
		return
	}
	zip, _ := gzip.NewWriterLevel(&line{reply: out}, gzip.BestSpeed) // the level is valid
	if out.body(zip, result, rows, bytes) == nil {
		_ = zip.Close() // the client may have gone
	}
}

// body writes the reply's JSON; the error is the connection's.
func (out *reply) body(sink io.Writer, result *kql.Result, rows, bytes int) error {
	buffered := bufio.NewWriterSize(sink, 64<<10)
	w := &writer{Writer: buffered}
	w.text(`{"tables":[{"name":"PrimaryResult","columns":[`)
	for i, c := range result.Columns {
		w.text(comma(i) + `{"name":` + quote(c.Name) + `,"type":` + quote(string(c.Type)) + `}`)
	}
	w.text(`],"rows":[`)
	size := 0
	for row := range result.Rows() {
		if size += len(row); out.asked.Rows >= rows || size > bytes {
			out.asked.Partial = true
			break
		}
		w.text(comma(out.asked.Rows))
		if w.bytes(row); w.err != nil {
			return w.err
		}
		out.asked.Rows++
	}
	w.text(`]}]`)
	out.trailer(w, rows, bytes)
	w.text("}")
	if w.err != nil {
		return w.err
	}
	return buffered.Flush()
}

// trailer writes what follows the rows: statistics and an empty rendering when they were asked for, and the error of
// a partial answer, which the service sends with status 200.
func (out *reply) trailer(w *writer, rows, bytes int) {
	prefer := out.r.Header.Get("Prefer")
	if strings.Contains(prefer, "include-statistics=true") {
		w.text(fmt.Sprintf(`,"statistics":{"query":{"executionTime":0.01,"datasetStatistics":[{"tableRowCount":%d}]}}`, out.asked.Rows))
	}
	if strings.Contains(prefer, "include-render=true") {
		w.text(`,"render":{}`)
	}
	if out.asked.Partial || out.fault.NoRows || out.fault.Rows > 0 {
		out.asked.Partial = true
		w.text(`,"error":` + partialError(rows, bytes))
	}
}

// partialError is what the service says when a result exceeds its limits.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/timeouts
func partialError(rows, bytes int) string {
	message := fmt.Sprintf("The results of this query exceed the set limit of %d records or %d bytes, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).", rows, bytes)
	return `{"code":"PartialError","message":"There were some errors when processing your query.","details":[{"code":"EngineError",` +
		`"message":"Something went wrong processing your query on the server.","innererror":{"code":"-2133196797","message":` +
		quote(message) + `,"severity":2,"severityName":"Error"}}]}`
}

func comma(i int) string {
	if i > 0 {
		return ","
	}
	return ""
}

func quote(s string) string {
	text, _ := json.Marshal(s) // strings always encode
	return string(text)
}

// writer keeps the first error, so that the code that writes reads like what is written.
type writer struct {
	io.Writer
	err error
}

func (w *writer) text(s string) { w.bytes([]byte(s)) }

func (w *writer) bytes(b []byte) {
	if w.err == nil {
		_, w.err = w.Write(b)
	}
}

// line is the wire: it counts, drips and cuts.
type line struct{ reply *reply }

func (l *line) Write(b []byte) (n int, err error) {
	f, asked := l.reply.fault, l.reply.asked
	for len(b) > 0 {
		piece := b
		if f.Drip > 0 {
			size := f.DripBytes
			if size <= 0 {
				size = 1 << 10
			}
			piece = b[:min(len(b), size)]
		}
		if f.Cut > 0 && asked.Bytes+int64(len(piece)) >= int64(f.Cut) {
			piece = piece[:int64(f.Cut)-asked.Bytes]
			l.cut(piece)
		}
		k, err := l.reply.w.Write(piece)
		n += k
		asked.Bytes += int64(k)
		if err != nil {
			return n, err
		}
		b = b[len(piece):]
		if f.Drip > 0 {
			l.flush()
			if !l.reply.pause(f.Drip) {
				return n, io.ErrClosedPipe
			}
		}
	}
	return n, nil
}

func (l *line) flush() {
	if f, ok := l.reply.w.(http.Flusher); ok {
		f.Flush()
	}
}

// cut sends the last bytes and ends the connection without ending the body.
func (l *line) cut(last []byte) {
	k, _ := l.reply.w.Write(last) // it fails all the same
	l.reply.asked.Bytes += int64(k)
	l.reply.asked.Status = 0
	l.flush()
	panic(http.ErrAbortHandler)
}
