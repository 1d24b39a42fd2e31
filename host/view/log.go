package view

import (
	"fmt"
	"io"
	"maps"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
)

// NewLog returns a log that writes to w in the level and format of c: coloured text on a terminal where NO_COLOR isn't set
// (https://no-color.org), plain text or JSON elsewhere. Every text goes through clean first, which takes secrets out.
func NewLog(w io.Writer, c config.Log, clean func(string) string) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	level, err := logrus.ParseLevel(c.Level)
	if err != nil {
		level = logrus.InfoLevel // config has checked it
	}
	log.SetLevel(level)
	if c.Format == "json" {
		log.SetFormatter(cleanLog{&logrus.JSONFormatter{TimestampFormat: "2006-01-02T15:04:05.000Z07:00"}, clean})
		return log
	}
	_, noColor := os.LookupEnv("NO_COLOR")
	var text logrus.Formatter = &logrus.TextFormatter{FullTimestamp: true, DisableColors: noColor}
	if IsTerminal(w) { // whose colours the writer would escape, too
		log.SetOutput(Unescaped(w))
		text = visibleLog{text}
	}
	log.SetFormatter(cleanLog{text, clean})
	return log
}

// cleanLog formats entries of a log that hold no secret.
type cleanLog struct {
	logrus.Formatter
	clean func(string) string
}

// Format cleans the entry before it is formatted, as a format has escapes of its own.
func (f cleanLog) Format(entry *logrus.Entry) ([]byte, error) {
	cleaned := *entry
	cleaned.Message = f.clean(entry.Message)
	cleaned.Data = maps.Clone(entry.Data)
	for key, value := range cleaned.Data {
		if text := fmt.Sprint(value); f.clean(text) != text {
			cleaned.Data[key] = f.clean(text)
		}
	}
	return f.Formatter.Format(&cleaned)
}

// visibleLog escapes what is hidden in the entries of a log before colours are added. Without colours, the formatter quotes and
// the writer escapes.
type visibleLog struct{ logrus.Formatter }

// Format formats an entry.
func (f visibleLog) Format(e *logrus.Entry) ([]byte, error) {
	shown := *e
	shown.Message, shown.Data = enrich.Visible(e.Message), logrus.Fields{}
	for name, value := range e.Data {
		switch v := value.(type) {
		case error:
			value = enrich.Visible(v.Error())
		case string:
			value = enrich.Visible(v)
		}
		shown.Data[name] = value
	}
	return f.Formatter.Format(&shown)
}
