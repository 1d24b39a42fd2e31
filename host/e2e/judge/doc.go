// Package judge has readers that others wrote judge what riskrelay sends: each gets the same odd rows from the real sinks,
// and every field that it sees must be what was meant, or stands in the table of exceptions with the reason. The table in
// host/sink/README.md is made from the run.
package judge
