package pipeline

// counted are the tallies of what a sink has confirmed of a window. Rows behind the last mark count separately: after a crash
// reading begins at the mark, so that they are sent, and counted, again.
type counted struct {
	marked []Tally // up to the last mark
	ahead  []Tally // behind it
}

// plus adds the tallies of a confirmed batch. Mark is where the batch ends, "" where its source can't begin in the middle.
func (p counted) plus(mark Mark, t []Tally) counted {
	p.ahead = AddTallies(p.ahead, t)
	if mark != "" {
		p.marked, p.ahead = AddTallies(p.marked, p.ahead), nil
	}
	return p
}

// join adds what was confirmed next; mark is the last mark in it, "" for none.
func (p counted) join(mark Mark, next counted) counted {
	return p.plus(mark, next.marked).plus("", next.ahead)
}

// landing is a run of batches that the sink has confirmed and the ledger doesn't know yet: the next step of the sink's mark.
type landing struct {
	mark    Mark // where the run ends, "" for what no mark stands behind yet
	count   Count
	batches int
	events  int
	tally   counted
	fresh   bool // the window was begun anew: what was counted of it before counts no more
}

// drain adds to step every run that waits in landed, without waiting for more, so that one write to the ledger covers them all.
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
