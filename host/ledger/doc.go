// Package ledger remembers how far each sink is in each stream, so that a crash loses nothing and repeats little.
//
//	pipeline ─Update─▶ record ─Commit: state and proof─▶ Store
//
// A record is one stream's [pipeline.State] as JSON behind a CRC-32C. Beside the records lies the proof: what became of the
// rows of each minute at each sink, for [ProofLife]. It changes in the batch that closes a window, so that a crash neither
// loses nor repeats a count.
//
// Both lie in a [Store], which compares and swaps revisions: a second writer, or a host that was paused and taken over, fails
// instead of overwriting. A record that was damaged on disk is reported and begun anew from the stream's start: the workspace
// still holds the rows, and they are sent again with the same event ids.
package ledger
