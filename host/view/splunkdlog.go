package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sirupsen/logrus"
)

// NewSplunkdLog returns a log that writes to w as splunkd takes it from the programs that it starts: each line begins with the
// level, or it counts as an error; the time is splunkd's. Level is one of a configuration. Every text goes through clean first,
// which takes secrets out.
// https://help.splunk.com/splunk-enterprise/developing-views-and-apps-for-splunk-web/9.1/modular-inputs/set-up-logging
func NewSplunkdLog(w io.Writer, level string, clean func(string) string) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	if l, err := logrus.ParseLevel(level); err == nil {
		log.SetLevel(l) // otherwise it is info
	}
	log.SetFormatter(cleanLog{splunkdLog{}, clean})
	return log
}

// splunkdLog formats entries as LEVEL MESSAGE KEY=VALUE..., and each further line of a message as an entry of its own.
type splunkdLog struct{}

// Format formats an entry.
func (splunkdLog) Format(e *logrus.Entry) ([]byte, error) {
	var b strings.Builder
	level := splunkdLevel(e.Level)
	for i, line := range strings.Split(strings.TrimSpace(e.Message), "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(level + " " + strings.TrimRight(line, " \t\r"))
	}
	for _, key := range slices.Sorted(maps.Keys(e.Data)) {
		b.WriteString(" " + key + "=" + splunkdValue(fmt.Sprint(e.Data[key])))
	}
	b.WriteByte('\n')
	return []byte(b.String()), nil
}

// splunkdLevel is the word for a level.
func splunkdLevel(l logrus.Level) string {
	switch l {
	case logrus.PanicLevel, logrus.FatalLevel:
		return "FATAL"
	case logrus.ErrorLevel:
		return "ERROR"
	case logrus.WarnLevel:
		return "WARN"
	case logrus.InfoLevel:
		return "INFO"
	case logrus.DebugLevel, logrus.TraceLevel:
	}
	return "DEBUG"
}

// splunkdValue quotes a value that Splunk's extraction of key=value would cut off.
func splunkdValue(value string) string {
	if value == "" || strings.ContainsAny(value, " \t\r\n\",=\\") {
		return strconv.Quote(value)
	}
	return value
}
