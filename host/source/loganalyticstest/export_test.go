package loganalyticstest

import (
	"io"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// Measure answers a query without a connection and returns how many bytes the rows have.
func Measure(s *Server, text string) (size int64, err error) {
	query, err := kql.Parse(text)
	if err != nil {
		return 0, err
	}
	result, err := query.Run(snapshot{s.store, s.options.Now()})
	if err != nil {
		return 0, err
	}
	for row := range result.Rows() {
		n, _ := io.Discard.Write(row)
		size += int64(n)
	}
	return size, nil
}
