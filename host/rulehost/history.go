package rulehost

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// history shows past rows to rules with first_seen that have never seen any, so that not everything is new to them. The
// rows are read as they are, not summed up by the service: which of them count, only the rule's condition tells. But the
// service is asked only for those that the rules' keys and other necessary conditions leave.
type history struct {
	module *celrule.Module
	store  ledger.Store
	ledger pipeline.Ledger
	log    logrus.FieldLogger
	asked  chan struct{} // has room for one
}

// narrower is a source that can leave rows out.
type narrower interface {
	Narrowed(filter enrich.Filter) pipeline.Source
}

func newHistory(module *celrule.Module, store ledger.Store, records pipeline.Ledger, log logrus.FieldLogger) *history {
	return &history{module: module, store: store, ledger: records, log: log, asked: make(chan struct{}, 1)}
}

// again asks for another look, after rules were loaded. It doesn't wait for it.
func (h *history) again() {
	select {
	case h.asked <- struct{}{}:
	default: // somebody has asked already
	}
}

// follow looks whenever somebody asks, while events flow, until ctx ends.
func (h *history) follow(ctx context.Context, streams []pipeline.Stream) {
	for {
		select {
		case <-h.asked:
			h.show(ctx, streams)
		case <-ctx.Done():
			return
		}
	}
}

const (
	historyBucket = "seen-history" // stream, zero byte, rule -> window that was shown, eight bytes, big endian
	historyStep   = 24 * time.Hour
	historyTries  = 4
	historyPause  = 5 * time.Second
)

// show reads what is missing of each stream. What can't be read is logged, and read with the next start.
func (h *history) show(ctx context.Context, streams []pipeline.Stream) {
	for _, s := range streams {
		rules, window, err := h.missing(s)
		if err == nil && len(rules) > 0 && !s.Volatile {
			err = h.stream(ctx, s, rules, window)
		}
		if err != nil && ctx.Err() == nil {
			h.log.WithError(err).WithField("stream", s.Name).Warn("can't read past rows: rules with first_seen take more for new than is")
		}
	}
}

// missing are the rules that have not seen the stream's history, and the longest of their windows. What a rule that is
// gone has been shown is forgotten: when it comes back, it has missed what came meanwhile.
func (h *history) missing(s pipeline.Stream) (rules []celrule.Remembering, window time.Duration, err error) {
	shown := map[string]time.Duration{}
	for e, err := range h.store.List(historyBucket, s.Name+"\x00") {
		if err != nil {
			return nil, 0, fmt.Errorf("read what rules were shown: %w", err)
		}
		if len(e.Value) == 8 {
			shown[strings.TrimPrefix(e.Name, s.Name+"\x00")] = time.Duration(binary.BigEndian.Uint64(e.Value))
		}
	}
	for _, r := range h.module.Remembering() {
		if slices.Contains(r.Tables, s.Table) && shown[r.ID] < r.Window {
			rules, window = append(rules, r), max(window, r.Window)
		}
		delete(shown, r.ID)
	}
	if len(shown) == 0 {
		return rules, window, nil
	}
	var gone ledger.Batch
	for rule := range shown {
		gone.Remove = append(gone.Remove, shownKey(s, rule))
	}
	_, err = h.store.Commit(gone)
	return rules, window, err
}

func shownKey(s pipeline.Stream, rule string) ledger.Key {
	return ledger.Key{Bucket: historyBucket, Name: s.Name + "\x00" + rule}
}

// stream shows the time before the rows that the stream still reads by itself, and writes down that it did.
func (h *history) stream(ctx context.Context, s pipeline.Stream, rules []celrule.Remembering, window time.Duration) error {
	end, ok, err := h.end(ctx, s)
	if err != nil || !ok {
		return err // nothing to do yet
	}
	log := h.log.WithFields(logrus.Fields{"stream": s.Name, "window": window.String()})
	s.Source = h.narrowed(s, rules, log)
	log.Info("reading past rows for rules with first_seen")
	rows := 0
	for from := end.Add(-window); from.Before(end); from = from.Add(historyStep) {
		to := from.Add(historyStep)
		if to.After(end) {
			to = end
		}
		if err := h.read(ctx, s, pipeline.Window{Stream: s.Name, From: from, To: to}, &rows); err != nil {
			return err
		}
	}
	log.WithField("rows", rows).Info("past rows read")
	put := map[ledger.Key][]byte{}
	for _, r := range rules {
		put[shownKey(s, r.ID)] = binary.BigEndian.AppendUint64(nil, uint64(r.Window))
	}
	_, err = h.store.Commit(ledger.Batch{Put: put})
	return err
}

// end is where the stream goes on reading: all before it is past. It isn't ok while nobody knows.
func (h *history) end(ctx context.Context, s pipeline.Stream) (end time.Time, ok bool, err error) {
	record, err := h.ledger.Open(s.Name)
	if err != nil {
		return end, false, fmt.Errorf("see how far the stream is: %w", err)
	}
	if end = record.State().Frontier; !end.IsZero() {
		return end, true, nil
	}
	first, _, ok, err := s.Plan(ctx, time.Time{})
	return first.From, ok, err
}

// narrowed is the stream's source, without the rows that none of the rules can match if the source can leave them out.
func (h *history) narrowed(s pipeline.Stream, rules []celrule.Remembering, log logrus.FieldLogger) pipeline.Source {
	source, ok := s.Source.(narrower)
	if !ok {
		return s.Source
	}
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	filter, all := h.module.Candidates(s.Table, ids)
	if len(all) > 0 {
		log.WithField("rules", all).Warn("all past rows of the table are read: nothing in the conditions of these rules with first_seen picks the few that can match")
		return s.Source
	}
	return source.Narrowed(filter)
}

// read shows one window, in halves when it is too large.
func (h *history) read(ctx context.Context, s pipeline.Stream, w pipeline.Window, rows *int) error {
	for try := 1; ; try++ {
		err := s.Source.Read(ctx, w, "", func(b pipeline.Batch) error {
			*rows += len(b.Events)
			if _, err := h.module.Tag(ctx, b.Events); err != nil {
				return fmt.Errorf("look at past rows: %w", err)
			}
			return nil
		})
		switch {
		case err == nil:
			return nil
		case errors.Is(err, pipeline.ErrTooLarge):
			return h.halves(ctx, s, w, rows, err)
		case try == historyTries || ctx.Err() != nil:
			return err
		}
		wait := historyPause
		if asked := new(pipeline.RetryAfter); errors.As(err, &asked) {
			wait = asked.Wait
		}
		if err := backoff.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (h *history) halves(ctx context.Context, s pipeline.Stream, w pipeline.Window, rows *int, why error) error {
	a, b, err := w.Cut()
	if err != nil {
		return fmt.Errorf("%w: %w", err, why)
	}
	if err := h.read(ctx, s, a, rows); err != nil {
		return err
	}
	return h.read(ctx, s, b, rows)
}
