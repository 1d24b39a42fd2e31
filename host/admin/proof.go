package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
)

// Prover compares what sources hold with what sinks confirmed.
type Prover interface {
	// Verify answers a request; see [proof.Check.Verify].
	Verify(ctx context.Context, r proof.Request) (proof.Report, error)
	// Ledger is what the ledger holds of the streams that run, by name.
	Ledger() map[string]*pipeline.State
}

const (
	verifyPath = "/verify"
	ledgerPath = "/ledger"
	maxRequest = 64 << 10
)

// Proving adds the pages of a prover to a socket: POST /verify takes a [proof.Request] and answers with a [proof.Report],
// GET /ledger with the [pipeline.State] of each stream, by name.
func Proving(p Prover) func(*http.ServeMux) {
	return func(mux *http.ServeMux) {
		mux.HandleFunc("POST "+verifyPath, func(w http.ResponseWriter, r *http.Request) {
			// Counting weeks takes longer than other answers. Whoever asked may hang up.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
			var request proof.Request
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil {
				answer(w, http.StatusBadRequest, "read the request: "+err.Error())
				return
			}
			report, err := p.Verify(r.Context(), request)
			switch {
			case errors.As(err, new(*proof.RequestError)):
				answer(w, http.StatusBadRequest, err.Error())
			case errors.As(err, new(*proof.AskError)):
				answer(w, http.StatusBadGateway, err.Error())
			case err != nil:
				answer(w, http.StatusInternalServerError, err.Error())
			default:
				answerJSON(w, report)
			}
		})
		mux.HandleFunc("GET "+ledgerPath, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, p.Ledger()) })
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone when that fails
}

// Remote is the prover of the host that runs in a data directory.
type Remote struct{ Dir string }

// Verify asks the host. The error is ErrNoHost when none runs.
func (r Remote) Verify(ctx context.Context, request proof.Request) (proof.Report, error) {
	var report proof.Report
	body, err := json.Marshal(request)
	if err != nil {
		return report, fmt.Errorf("encode the request: %w", err)
	}
	err = r.ask(ctx, http.MethodPost, verifyPath, body, &report)
	return report, err
}

// Ledger asks the host what its ledger holds, by stream. The error is ErrNoHost when none runs.
func (r Remote) Ledger(ctx context.Context) (map[string]*pipeline.State, error) {
	var states map[string]*pipeline.State
	err := r.ask(ctx, http.MethodGet, ledgerPath, nil, &states)
	return states, err
}

func (r Remote) ask(ctx context.Context, method, page string, body []byte, into any) error {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(r.Dir, SocketName))
		},
	}}
	request, err := http.NewRequestWithContext(ctx, method, "http://riskrelay"+page, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the host: %w", err)
	}
	reply, err := client.Do(request)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w in %s", ErrNoHost, r.Dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("ask the host: only its own user and root may: %w", err)
	case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("ask the host: it ended before it answered, ask again: %w", err)
	case err != nil:
		return fmt.Errorf("ask the host: %w", err)
	}
	defer reply.Body.Close() //nolint:errcheck // it was only read
	if reply.StatusCode != http.StatusOK {
		return refusal(reply)
	}
	if err := json.NewDecoder(reply.Body).Decode(into); err != nil {
		return fmt.Errorf("read the host's answer: %w", err)
	}
	return nil
}

// refusal is the error that the host had.
func refusal(reply *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(reply.Body, maxRequest))
	if err != nil {
		return fmt.Errorf("read the host's answer: %w", err)
	}
	err = errors.New(strings.TrimSpace(string(text)))
	switch reply.StatusCode {
	case http.StatusBadRequest:
		return &proof.RequestError{Err: err}
	case http.StatusBadGateway:
		return &proof.AskError{Err: err}
	}
	return err
}
