package pipeline

import "strings"

// StreamKind says where a stream's rows come from. It is how the names of its streams begin.
type StreamKind string

// The kinds of streams.
const (
	LogAnalytics StreamKind = "la"        // a table of a Log Analytics workspace
	Graph        StreamKind = "graph"     // a collection of Microsoft Graph
	File         StreamKind = "file"      // a file with one row a line
	Stdin        StreamKind = "stdin"     // such rows from standard input
	FollowUps    StreamKind = "followups" // answers of DNS to events that went out before
	Summaries    StreamKind = "summary"   // what the host says of its own deliveries
)

// Timed reports whether the windows of such a stream are stretches of ingestion time; those of a file are of its bytes.
func (k StreamKind) Timed() bool { return k != File && k != Stdin }

// NewStream returns a stream without a source: a table of a workspace (its GUID) or of a tenant (its configured name), called
// "KIND:WORKSPACE:TABLE". Of the other kinds there is one stream each: they have neither, and are called as their kind.
func NewStream(kind StreamKind, workspace, table string) Stream {
	s := Stream{Name: string(kind), Kind: kind, Workspace: workspace, Table: table}
	if kind == LogAnalytics || kind == Graph {
		s.Name += ":" + workspace + ":" + table
	}
	return s
}

// FileStream returns the stream of a file without a source, called "file:PATH"; "-" is standard input.
func FileStream(path string) Stream {
	if path == "-" {
		return NewStream(Stdin, "", "")
	}
	return Stream{Name: string(File) + ":" + path, Kind: File}
}

// StreamNamed returns the stream, without a source, that NewStream and FileStream give the name. It is for those who have
// no more than the key of a ledger. A name that neither gives has no kind.
func StreamNamed(name string) Stream {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind := StreamKind(kind); kind {
	case LogAnalytics, Graph:
		if workspace, table, ok := strings.Cut(rest, ":"); ok {
			return NewStream(kind, workspace, table)
		}
	case File:
		return Stream{Name: name, Kind: File}
	case Stdin, FollowUps, Summaries:
		if name == string(kind) {
			return NewStream(kind, "", "")
		}
	}
	return Stream{Name: name}
}
