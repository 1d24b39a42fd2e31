package view

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/deadletter"
)

// place is what the reason of a line that is no row begins with (host/source/file): the file and the line.
var place = regexp.MustCompile(`^.*?:\d+: `)

// kindOf is what letters with the same reason have in common: all but where in a file the line was.
func kindOf(reason string) string { return place.ReplaceAllString(reason, "") }

// LetterSum counts the dead letters of a sink with one reason.
type LetterSum struct {
	Sink    string    `json:"sink"`
	Reason  string    `json:"reason"` // without the place of a line that is no row
	First   string    `json:"first"`  // the reason of the first of them, with its place
	Letters int       `json:"letters"`
	Oldest  time.Time `json:"oldest"`
	Newest  time.Time `json:"newest"`
}

// SumsOfLetters counts the letters of all sinks. The errors are the store's.
func SumsOfLetters(store *deadletter.Store) ([]LetterSum, error) {
	sinks, err := store.Sinks()
	if err != nil {
		return nil, err
	}
	all := []LetterSum{}
	for _, sink := range sinks {
		at := map[string]int{}
		err := store.Each(sink, func(letter deadletter.Letter) error {
			reason := kindOf(letter.Reason)
			i, known := at[reason]
			if !known {
				i, all = len(all), append(all, LetterSum{Sink: sink, Reason: reason, Oldest: letter.Time, First: letter.Reason})
				at[reason] = i
			}
			all[i].Letters++
			all[i].Newest = letter.Time
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// SumsText is a table for people. Of several letters with one reason it shows where the first was.
func SumsText(all []LetterSum) string {
	if len(all) == 0 {
		return "no dead letters\n"
	}
	rows := [][]string{{"SINK", "LETTERS", "OLDEST", "NEWEST", "REASON"}}
	for _, s := range all {
		rows = append(rows, []string{Plain(s.Sink), strconv.Itoa(s.Letters), s.Oldest.Format(time.RFC3339), s.Newest.Format(time.RFC3339), Plain(s.reason())})
	}
	return table(rows)
}

func (s *LetterSum) reason() string {
	at := place.FindString(s.First)
	if at == "" || s.Letters == 1 {
		return s.First
	}
	return s.Reason + " (first " + strings.TrimSuffix(at, ": ") + ")"
}

// Letter is one dead letter, without the event.
type Letter struct {
	Time     time.Time `json:"time"`
	Attempts int       `json:"attempts"`
	Table    string    `json:"table,omitempty"`
	ID       string    `json:"event_id,omitempty"`
	Reason   string    `json:"reason"`
}

// LettersOf are the letters of a sink that pick picks, all if that is nil. The errors are the store's.
func LettersOf(store *deadletter.Store, sink string, pick func(*deadletter.Letter) bool) ([]Letter, error) {
	all := []Letter{}
	err := store.Each(sink, func(letter deadletter.Letter) error {
		if pick == nil || pick(&letter) {
			all = append(all, Letter{letter.Time, letter.Attempts, letter.Table(), letter.ID(), letter.Reason})
		}
		return nil
	})
	return all, err
}

// LettersText is a table for people.
func LettersText(all []Letter) string {
	if len(all) == 0 {
		return "no dead letters\n"
	}
	rows := [][]string{{"REFUSED", "ATTEMPTS", "TABLE", "EVENT_ID", "REASON"}}
	for _, l := range all {
		rows = append(rows, []string{l.Time.Format(time.RFC3339), strconv.Itoa(l.Attempts), Plain(l.Table), Plain(l.ID), Plain(l.Reason)})
	}
	return table(rows)
}
