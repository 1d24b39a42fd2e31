package plugin

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
)

func configure(t testing.TB, p enrich.Module, settings string) {
	t.Helper()
	if err := p.Configure(t.Context(), enrich.Config{Settings: []byte(settings)}); err != nil {
		t.Fatal(err)
	}
}

// events are rows of AuditLogs with the given words.
func events(words ...string) []enrich.Event {
	columns := enrich.NewColumns([]string{"Other", "Word"}, []enrich.Type{enrich.String, enrich.String})
	all := make([]enrich.Event, len(words))
	for i, word := range words {
		array := enrich.AppendString([]byte(`["other",`), word)
		row, err := enrich.SplitArray(columns, append(array, ']'))
		if err != nil {
			panic(err)
		}
		all[i] = enrich.NewEvent("AuditLogs", row)
		all[i].ID = fmt.Sprintf("event-%d", i)
	}
	return all
}

// brief shows lists of tags: the rule, or the error after an exclamation mark.
func brief(lists [][]enrich.Tag) []string {
	texts := make([]string, len(lists))
	for i, tags := range lists {
		for _, t := range tags {
			if t.Error != "" {
				texts[i] += "!" + t.Error
			} else {
				texts[i] += t.Rule
			}
		}
	}
	return texts
}

// logger writes into the returned buffer.
func logger() (*logrus.Logger, *bytes.Buffer) {
	text := new(bytes.Buffer)
	log := logrus.New()
	log.SetOutput(text)
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableColors: true})
	return log, text
}
