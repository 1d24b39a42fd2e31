package delivery

// batch is the body of one request, and which events it holds.
type batch struct {
	body   []byte
	events []int // places of the events in the Send
	ends   []int // where each ends in body

	refused int // events that were refused for what they are
}

// part is the body with the events from..to.
func (b *batch) part(from, to int) []byte {
	start := 0
	if from > 0 {
		start = b.ends[from-1]
	}
	return b.body[start:b.ends[to-1]]
}

// add adds an event, which was appended to the body already.
func (b *batch) add(at int) {
	b.events, b.ends = append(b.events, at), append(b.ends, len(b.body))
}

// pack fills b with events from place next on, up to the limit, and returns the place after the last. It takes at least one event,
// or rejects it.
func (d *delivery) pack(b *batch, next int, encode Append) int {
	b.body, b.events, b.ends, b.refused = b.body[:0], b.events[:0], b.ends[:0], 0
	limit, table := d.Limit.Bytes(), d.events[next].Table
	for ; next < len(d.events) && (!d.OneTable || d.events[next].Table == table); next++ {
		before := len(b.body)
		body, shortened, err := encode(b.body, &d.events[next])
		if err != nil {
			d.reject(next, err.Error())
			continue
		}
		if b.body = body; len(body) > limit && before > 0 {
			b.body = body[:before]
			break
		}
		if shortened {
			d.shorten(next)
		}
		b.add(next)
	}
	return next
}

// tables is a batch for each table of the events from..to of b.
func (d *delivery) tables(b *batch, from, to int) (list []*batch) {
	by := map[string]*batch{}
	for i := from; i < to; i++ {
		table := d.events[b.events[i]].Table
		t := by[table]
		if t == nil {
			t = new(batch)
			by[table], list = t, append(list, t)
		}
		t.body = append(t.body, b.part(i, i+1)...)
		t.add(b.events[i])
	}
	return list
}
