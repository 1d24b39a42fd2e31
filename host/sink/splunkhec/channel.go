package splunkhec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// channel is a client's name towards the collector under which acknowledgement ids count, and the protocol of it: no
// clock, no connection, no lock.
//
//	free --posted--> pending --answered yes--> free
//	  \                 \
//	   any doubt         any doubt, retire --> retired
//
// One request at a time uses a channel and ids only grow on it. So an id can only be about the request that it was given to, even
// if the collector restarted and counts from 0 again. Any doubt retires the channel: its request is sent again on another one.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/AboutHECIDXAck
type channel struct {
	id      string
	last    int64 // the highest acknowledgement id seen, -1 before the first
	pending bool  // the request with the id last isn't acknowledged yet
	retired bool
}

func newChannel(id string) *channel { return &channel{id: id, last: -1} }

// posted takes the acknowledgement id that the collector gave to a request, nil for none.
func (c *channel) posted(id *int64) error {
	switch {
	case c.retired || c.pending:
		c.retire()
		return fmt.Errorf("channel %s was used twice", c.id)
	case id == nil:
		c.retire()
		return errNoAckID
	case *id <= c.last:
		c.retire()
		return fmt.Errorf("acknowledgement id %d came again: the collector restarted", *id)
	}
	c.last, c.pending = *id, true
	return nil
}

// answered takes an answer to the question for the pending id, and reports whether its request is acknowledged.
func (c *channel) answered(a ackAnswer) (acknowledged bool, err error) {
	switch {
	case c.retired || !c.pending || a.garbage:
		c.retire()
		return false, fmt.Errorf("ask for acknowledgement: answered HTTP %d, not as a collector does", a.status)
	case a.silent || !a.acks[strconv.FormatInt(c.last, 10)]:
		return false, nil // neither yes nor no
	}
	c.pending = false
	return true, nil
}

// retire ends the use of the channel.
func (c *channel) retire() { c.retired, c.pending = true, false }

// free reports whether another request may use the channel.
func (c *channel) free() bool { return !c.retired && !c.pending }

// ackAnswer is an answer to the question for acknowledgements.
type ackAnswer struct {
	status  int
	silent  bool // no answer, or that of a collector that is busy
	garbage bool // not what a collector that knows the channel answers
	acks    map[string]bool
}

// readAckAnswer reads an answer.
func readAckAnswer(status int, body []byte) ackAnswer {
	a := ackAnswer{status: status, silent: status == http.StatusTooManyRequests || status >= http.StatusInternalServerError}
	if a.silent {
		return a
	}
	var answer struct {
		Acks map[string]bool `json:"acks"`
	}
	a.garbage = status != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Acks == nil
	if !a.garbage {
		a.acks = answer.Acks
	}
	return a
}
