package pipeline

// counted is what was confirmed of a window: up to the last mark, and behind it, where a reading that begins at the mark
// sends it again.
type counted struct{ marked, ahead []Tally }

// plus adds a batch that ends at mark.
func (p counted) plus(mark Mark, t []Tally) counted {
	p.ahead = AddTallies(p.ahead, t)
	if mark != "" {
		p.marked, p.ahead = AddTallies(p.marked, p.ahead), nil
	}
	return p
}

// join adds what followed, whose last mark is mark.
func (p counted) join(mark Mark, next counted) counted {
	return p.plus(mark, next.marked).plus("", next.ahead)
}

// landing is a confirmed stretch of batches.
type landing struct {
	mark    Mark
	count   Count
	batches int
	events  int
	tally   counted
	fresh   bool
}

// drain adds to step what has landed meanwhile.
func (step *landing) drain(landed <-chan landing) {
	for {
		select {
		case next, ok := <-landed:
			if !ok {
				return
			}
			if next.fresh {
				step.tally, step.fresh = counted{}, true
			}
			step.tally = step.tally.join(next.mark, next.tally)
			if next.mark != "" {
				step.mark = next.mark
			}
			step.count, step.events, step.batches = step.count.plus(next.count), step.events+next.events, step.batches+next.batches
		default:
			return
		}
	}
}
