// Package proof compares what a source holds with what each sink has confirmed, minute by minute.
//
// The ledger's proof says what became of the rows of each minute of ingestion. [Check.Compare] counts the rows in the
// source once more and puts both side by side. Rows that came late, behind the window that read their minute, show as
// rows that no sink has; the minute is then planned once more ([pipeline.State.Again]), and its rows are sent again with the
// event ids that they had. [Auditor] does so by itself at fixed ages of a minute, `riskrelay verify` whenever it is asked.
package proof
