// Package ruletest runs the tests that stand inside rule files, on any [enrich.Module] that reads them.
//
// A test is data: rows, a pinned clock, a context, and what is wanted. Tests with the same clock and context run on one
// module, which is configured with all rule files, so that a test sees the rule as it will run. A test wants either no
// match, and then no row may match, or a match, and then one row at least must match as described; only the rule that
// the test belongs to counts. The tests in a pack see the rule as its author wrote it, without any tuning file: what an
// operator suppresses doesn't make them fail. The tests in a tuning file see the rule with all tuning files applied. A rule
// that is off in a test fails it: the silence of a rule that doesn't run proves
// nothing.
package ruletest
