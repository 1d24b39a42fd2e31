package syslog

import (
	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// appendShortened appends a message with less of the event. CEF and LEEF first repeat less of it in their fields.
func (c *encoder) appendShortened(dst []byte, e *enrich.Event) (out []byte, how fit, err error) {
	whole, err := eventjson.Append(nil, e)
	if err != nil {
		return dst, tooLong, err
	}
	for _, part := range []int{16, 64} { // a value's part of a message: there are about 20
		tight := *c
		tight.room = max(leastRoom, c.limit/part)
		s := search{encoder: &tight, event: e, size: len(whole), most: len(whole)}
		if out, ok, err := s.append(dst); err != nil || ok {
			return out, shortened, err
		}
	}
	return dst, tooLong, nil
}

// search looks for how much of an event to leave out. That isn't how much too long the message is: characters grow when they are
// escaped, by as much as six times, and what is left out can stand twice in it.
type search struct {
	*encoder
	event *enrich.Event
	size  int // bytes of the event as JSON

	least, most int // between them lies what is to be left out: with least the message is too long
	fits        int // what was left out of the longest message that fits, 0 when none was found
}

const (
	maxTries = 16 // halving 16 MiB so often leaves less than is worth another try
	nearly   = 16 // a message that has all but this part of the room is as long as can be
)

// append appends the longest message that fits, or reports that none does.
func (s *search) append(dst []byte) (out []byte, ok bool, err error) {
	for excess, tries := 0, 0; tries < maxTries; tries++ {
		var over int
		var left bool
		if out, over, left, err = s.try(dst, excess); err != nil {
			return dst, false, err
		}
		if left && over <= 0 {
			s.fits, s.most = excess, excess
			if excess == 0 || -over < s.limit/nearly {
				return s.frame(out, len(dst)), true, nil
			}
		} else if left {
			s.least = excess
		} else {
			s.most = excess
		}
		if s.most-s.least < s.limit/nearly/4 {
			break
		}
		if excess = s.next(excess, over, len(out)-len(dst), left, tries); excess <= s.least || excess >= s.most {
			break
		}
	}
	if s.fits == 0 {
		return dst, false, nil
	}
	out, _, _, err = s.try(dst, s.fits)
	return s.frame(out, len(dst)), err == nil, err
}

// try appends the message without excess bytes of the event, and returns how much too long it is. Left is false when so much can't be
// left out.
func (s *search) try(dst []byte, excess int) (out []byte, over int, left bool, err error) {
	short, ok := eventjson.Shorten(s.event, excess) // 0 leaves nothing out
	if !ok {
		return dst, 0, false, nil
	}
	out, err = s.message(dst, s.event, &short)
	return out, len(out) - len(dst) - s.limit, true, err
}

// next is what to leave out next: first as if all of the event grew alike, then halfway.
func (s *search) next(excess, over, length int, left bool, tries int) int {
	if guess := excess + over*s.size/max(length, s.size); tries < 3 && left && over > 0 && guess > s.least && guess < s.most {
		return guess
	}
	return (s.least + s.most) / 2
}
