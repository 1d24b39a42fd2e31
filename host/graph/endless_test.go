package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// chain is a service whose collection has so many pages of one object each.
type chain struct{ pages, asked int }

func (s *chain) page(context.Context, string) (page, error) {
	s.asked++
	p := page{Value: []json.RawMessage{json.RawMessage(`{"id": "x"}`)}}
	if s.asked < s.pages {
		p.Next = fmt.Sprintf("https://graph.microsoft.com/v1.0/applications?$skiptoken=%d", s.asked)
	}
	return p, nil
}

// TestManyPages reads collections of ever more pages: all objects of those that end, and the others slowly, up to a bound.
func TestManyPages(t *testing.T) {
	for _, test := range []struct {
		pages, read int
		takes       time.Duration
		logged      int
		wrong       string
	}{
		{pages: hurriedPages, read: hurriedPages},
		{pages: hurriedPages + 3, read: hurriedPages + 3, takes: 3 * slowPage, logged: 1},
		{pages: 10 * maxPages, read: maxPages, takes: (maxPages - hurriedPages) * slowPage, logged: 1, wrong: "more than 10000 pages"},
	} {
		t.Run(fmt.Sprint(test.pages), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, hook := logtest.NewNullLogger()
				service := &chain{pages: test.pages}
				c := &Client{config: Defaults(), log: log, fetch: service.page}
				objects, begin := 0, time.Now()
				err := c.List(t.Context(), Query{Path: "applications"}, func(Object) error { objects++; return nil })
				if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
					t.Errorf("ended with %v", err)
				}
				if took := time.Since(begin); objects != test.read || service.asked != test.read || took != test.takes {
					t.Errorf("%d objects of %d pages after %v", objects, service.asked, took)
				}
				if len(hook.Entries) != test.logged || test.logged > 0 && hook.LastEntry().Level != logrus.WarnLevel {
					t.Errorf("the log has %d lines", len(hook.Entries))
				}
			})
		})
	}
}

// TestManyPagesInterrupted holds that the pause ends with the context.
func TestManyPagesInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _ := logtest.NewNullLogger()
		ctx, cancel := context.WithTimeout(t.Context(), slowPage/2)
		defer cancel()
		c := &Client{config: Defaults(), log: log, fetch: (&chain{pages: maxPages}).page}
		begin := time.Now()
		if err := c.List(ctx, Query{Path: "applications"}, func(Object) error { return nil }); err == nil || time.Since(begin) != slowPage/2 {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}
