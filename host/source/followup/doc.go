// Package followup remembers events that went out before everything was known that decides about them, and makes a
// follow-up event when a rule matches after all.
//
//	Tag ─Keep─▶ question ─answer, judge─▶ follow-up ─stream "followups"─▶ sinks
//
// A [Book] keeps both on disk, so that a crash loses neither: a question is there before its event is confirmed, and it
// becomes a follow-up in one transaction. Follow-ups are a stream like any other, with windows of the time at which they
// were made, and are forgotten when every sink has confirmed them. Questions are bounded in number, size and age.
package followup
