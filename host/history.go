package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// history shows past rows to rules with first_seen that have never seen any, so that not everything is new to them. The
// rows are read as they are, not summed up by the service: which of them count, only the rule's condition tells.
type history struct {
	module *celrule.Module
	store  bucketStore
	log    logrus.FieldLogger
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
		if err != nil {
			h.log.WithError(err).WithField("stream", s.Name).Warn("can't read past rows: rules with first_seen take more for new than is")
		}
	}
}

// missing are the rules that have not seen the stream's history, and the longest of their windows.
func (h *history) missing(s pipeline.Stream) (rules []celrule.Remembering, window time.Duration, err error) {
	shown := map[string]time.Duration{}
	err = h.store.Each(historyBucket, func(key string, value []byte) {
		if rule, ok := strings.CutPrefix(key, s.Name+"\x00"); ok && len(value) == 8 {
			shown[rule] = time.Duration(binary.BigEndian.Uint64(value))
		}
	})
	table := s.Name[strings.LastIndex(s.Name, ":")+1:]
	for _, r := range h.module.Remembering() {
		if slices.Contains(r.Tables, table) && shown[r.ID] < r.Window {
			rules, window = append(rules, r), max(window, r.Window)
		}
	}
	return rules, window, err
}

// stream shows the time before the stream's first window, and writes down that it did.
func (h *history) stream(ctx context.Context, s pipeline.Stream, rules []celrule.Remembering, window time.Duration) error {
	first, _, ok, err := s.Plan(ctx, time.Time{})
	if err != nil || !ok {
		return err // nothing to do yet
	}
	log := h.log.WithFields(logrus.Fields{"stream": s.Name, "window": window.String()})
	log.Info("reading past rows for rules with first_seen")
	rows := 0
	for from := first.From.Add(-window); from.Before(first.From); from = from.Add(historyStep) {
		to := from.Add(historyStep)
		if to.After(first.From) {
			to = first.From
		}
		if err := h.read(ctx, s, pipeline.Window{Stream: s.Name, From: from, To: to}, &rows); err != nil {
			return err
		}
	}
	log.WithField("rows", rows).Info("past rows read")
	put := map[string][]byte{}
	for _, r := range rules {
		put[s.Name+"\x00"+r.ID] = binary.BigEndian.AppendUint64(nil, uint64(r.Window))
	}
	return h.store.Apply(historyBucket, put, nil)
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
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
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
