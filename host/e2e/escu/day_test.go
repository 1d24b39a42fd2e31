package escu

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// more is events.json.
type more struct {
	Common map[string]map[string]any `json:"common"` // by table
	Events []struct {
		About string         `json:"about"`
		Table string         `json:"table"`
		Times int            `json:"times"`
		Next  bool           `json:"next"` // a second after the one before, where others come minutes later
		Row   map[string]any `json:"row"`
	} `json:"events"`
}

var start = time.Date(2026, 9, 8, 0, 0, 0, 0, time.UTC)

// day is a day of the demo's company, the attack on it, and what detections look for besides, as rows.
func day() (rows [][]byte, err error) {
	for _, list := range [][]story.Row{story.Day(1, start, 2000), story.Attack(1, start)} {
		for i := range list {
			rows = append(rows, list[i].JSON)
		}
	}
	text, err := os.ReadFile("testdata/events.json")
	if err != nil {
		return nil, err
	}
	var m more
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	serial, at := 0, start.Add(10*time.Hour)
	for _, e := range m.Events {
		row := maps.Clone(m.Common[e.Table])
		maps.Copy(row, e.Row)
		var template bytes.Buffer
		encoder := json.NewEncoder(&template)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(row); err != nil {
			return nil, err
		}
		if at = at.Add(time.Second); !e.Next {
			at = at.Truncate(time.Minute).Add(12 * time.Minute)
		}
		for i := range max(e.Times, 1) {
			serial++
			fill := strings.NewReplacer("${i}", strconv.Itoa(i+1), "${guid}", fmt.Sprintf("5d0c7a3e-0000-4000-8000-%012d", serial),
				"${time}", at.Add(time.Duration(i)*time.Second).Format("2006-01-02T15:04:05.0000000Z"))
			rows = append(rows, []byte(strings.TrimSpace(fill.Replace(template.String()))))
		}
	}
	return rows, nil
}

// written are the day's events as a sink writes them, and as a search sees those.
func written(s eventjson.Shape) ([]*event, error) {
	return writtenFor(s, func(e enrich.Event, record []byte) (*event, error) { return newEvent(e.Time, record) })
}

// writtenFor are the day's events as a sink writes them, and as see makes of those; nil leaves one out.
func writtenFor(s eventjson.Shape, see func(e enrich.Event, record []byte) (*event, error)) (events []*event, err error) {
	rows, err := day()
	if err != nil {
		return nil, err
	}
	parser := enrich.NewObjectParser(schema.TypeOf)
	for _, text := range rows {
		table, _, row, err := parser.Parse(text)
		if err != nil {
			return nil, err
		}
		e := enrich.NewEvent(table, row)
		record, err := s.Append(nil, &e)
		if err != nil {
			return nil, err
		}
		seen, err := see(e, record)
		if err != nil {
			return nil, err
		}
		if seen != nil {
			events = append(events, seen)
		}
	}
	return events, nil
}

// records are the day's events as a search sees those that a sink with shape: stream sends.
var records = sync.OnceValues(func() ([]*event, error) { return written(eventjson.Shape{Records: new(shape.Writer)}) })
