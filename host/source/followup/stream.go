package followup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const (
	planEvery = time.Second
	batchSize = 500
	// patience is how long the end of the last other stream waits for answers. What is open then is left to the next run.
	patience = time.Minute
)

// Stream is the stream of follow-ups. It ends when all other streams did and no answer is to be expected soon.
func (b *Book) Stream() pipeline.Stream {
	s := pipeline.NewStream(pipeline.FollowUps, "", "")
	s.Source, s.Plan, s.Ended = b, b.plan, b.end
	return s
}

// end notes that no other stream brings events any more.
func (b *Book) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = time.Now()
}

// plan is the time from frontier to the last follow-up.
func (b *Book) plan(_ context.Context, frontier time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.from(frontier); at < len(b.followUps) {
		if frontier.IsZero() {
			frontier = b.followUps[at].At
		}
		return pipeline.Window{From: frontier, To: b.followUps[len(b.followUps)-1].At.Add(1)}, 0, true, nil
	}
	idle := b.begun && len(b.judging) == 0 && !b.o.Names.Busy()
	if !b.ended.IsZero() && (idle || time.Since(b.ended) > patience) {
		return w, 0, false, pipeline.ErrEnd
	}
	return w, planEvery, false, nil
}

// from is the place of the first follow-up that isn't before t.
func (b *Book) from(t time.Time) int {
	i, _ := slices.BinarySearchFunc(b.followUps, t, func(f *followUp, t time.Time) int { return f.At.Compare(t) })
	return i
}

// Read implements pipeline.Source. A mark is the time of a follow-up, in nanoseconds of Unix time.
func (b *Book) Read(ctx context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	from := w.From
	if after != "" {
		mark, err := strconv.ParseInt(string(after), 10, 64)
		if err != nil {
			return fmt.Errorf("mark %q is no time of %v", after, w)
		}
		from = laterOf(from, time.Unix(0, mark).Add(1))
	}
	parser := enrich.NewObjectParser(schema.TypeOf)
	for part := range slices.Chunk(b.between(from, w.To), batchSize) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		batch := pipeline.Batch{Next: pipeline.Mark(strconv.FormatInt(part[len(part)-1].At.UnixNano(), 10))}
		var errs []error
		for _, f := range part {
			e, err := f.event(parser)
			if errs = append(errs, err); err == nil {
				batch.Events = append(batch.Events, e)
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		if err := deliver(batch); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) between(from, to time.Time) []*followUp {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, j := b.from(from), b.from(to)
	return slices.Clone(b.followUps[i:max(i, j)])
}
