package main

import (
	"fmt"
	"maps"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/secret"
)

// cleanLog formats entries of a log that hold no secret.
type cleanLog struct {
	logrus.Formatter
	secrets *secret.Keeper
}

// Format cleans the entry before it is formatted, as a format has escapes of its own.
func (f cleanLog) Format(entry *logrus.Entry) ([]byte, error) {
	clean := *entry
	clean.Message = f.secrets.Clean(entry.Message)
	clean.Data = maps.Clone(entry.Data)
	for key, value := range clean.Data {
		if text := fmt.Sprint(value); f.secrets.Clean(text) != text {
			clean.Data[key] = f.secrets.Clean(text)
		}
	}
	return f.Formatter.Format(&clean)
}
