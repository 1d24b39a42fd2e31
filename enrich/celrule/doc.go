// Package celrule is riskrelay's own rule module: rules written in the Common Expression Language (CEL,
// https://cel.dev), in the rule files of package rulefile. No other package imports cel-go.
//
// # From a file to a tag
//
//	files -> rulefile.Load -> language, expressions checked for each table, rules       package compile
//	                       -> what must hold for a rule to match, an index              package index
//	event -> frame: cells and views, decoded when asked for                             package event, with values of celval
//	      -> the rules that the index picks                                             package index
//	      -> when, metered -> first_seen -> adjust -> exceptions -> message, objects    this package
//
// Imports go one way: celrule -> index -> compile -> event -> celval. To read all, begin with celval; to find where something
// is, begin here. In this package, read
//
//   - memory.go, breaker.go: what rules remember, and when they are switched off,
//   - compiler.go, set.go: all rules of one configuration, compiled once and fitted to each context,
//   - shorten.go, telling.go: what an explanation is told,
//   - block.go, eval.go, remember.go, cut.go: from an event to its tags,
//   - module.go: the module, which puts one set in the place of another,
//   - trace.go, explain.go: why a rule matches or doesn't,
//   - keys.go, detail.go, language.go: what is told about rules.
//
// [Module.Explain] goes the same way for one rule, and keeps what each part of its conditions came to.
//
// A set is compiled as a whole and put in the place of the old one as a whole. All problems of all files come back
// together, each with its place in the file.
//
// # The language
//
// The variables are event, lists, macros, context, now and the rule's lets. The type of event is that of the table:
// each column under its own name, and fields in lower case, the views, that fold what the logs spell in several ways. [Language]
// lists all of it; testdata/language.txt is that list.
//
//   - A typed column that the row doesn't have is an empty text, 0 or false, as in Kusto. A rule for several tables is
//     compiled for each, and must be right for each.
//
//   - What can't be read is unknown: a time in a spelling that enrich.ParseTime doesn't know, or none at all; a text in a
//     column of numbers; an object in one of texts. No condition on it holds, and none on its opposite, while those on
//     the rest of the row do. A text that stands for nothing, such as None, is no actor, principal, address or reason.
//
//   - A column that only some workspaces have, which no type declares, is event.column("Mine_s"): null where the row
//     doesn't have it, which counts as equal to "". Its type is the one that its name ends with, _s, _d, _b, _g or _t, and
//     otherwise that of its JSON: the same in a file, a test and a workspace. Tables whose names end with _CL, and those
//     whose columns riskrelay doesn't know, have the columns that every table has, and this function.
//
//   - A rule for a table sees its copies, NAME_RST and NAME_SRCH, too; event.time is when the row happened, not when a
//     search job found it.
//
//   - Dynamic columns are maps and lists. A member or element that isn't there ends the rule without a match; write
//     has(a.b), a.?b.orValue(x) or a.b == null to ask for it. That is so on both sides of ! and !=, which is a warning.
//     Members that are null count as not there. A dynamic column that the row doesn't have is empty. A member that is
//     nested too deep is an error for the rules that look at it.
//
//   - A number of a dynamic value is an int when it is a whole one, however it is written, and a double otherwise. Comparisons
//     take both; arithmetic doesn't mix them, which is a warning beside a literal. Numbers are digits in texts.
//
//   - event.operation is folded: lower case, plain hyphens, single spaces. Comparing it with anything else is an error.
//
//   - A text that can't be is an error where only a few can: event.actor.kind, event.role.principal_type,
//     event.vault.class, and the argument of event.target. The name of a property that nearly is one of
//     schema.Properties is a warning.
//
//   - lists.NAME finds its items by hash; where the list says case: insensitive, "in" takes no notice of case.
//
//   - macros.NAME(..) is written into the place of its use, arguments included, before types are checked. A parameter with
//     a type is checked where the macro is used: bool, int, double, string, timestamp, duration, dyn, map, the types of
//     this language such as Actor or Change, a table's name for event itself, and list(..) of these.
//
//   - context.NAME is what is known beside the row. A rule whose condition, message or objects need a part that is not
//     configured is off, and says so; an adjust step is passed over. What only a let needs counts where the let is used.
//
//   - In a message, {expression} is replaced by its value: lists with commas between, an empty list as "none", what the
//     event doesn't have as "(unknown)". {{ and }} are braces.
//
//   - An adjust step that changes the severity alone takes the score along, by as much as the two severities' usual
//     scores are apart.
//
//   - first_seen adds the reason "first seen" or "seen before". A key counts by the time of its event, so that events
//     that are read again get the same answer, and those that come out of order a sensible one. A test pins what was seen
//     with context.seen: the rule's id, and for each key its values with "|" between.
//
//   - An exception that suppresses keeps the match under risk.suppressed, with who made it, why and until when. It works to
//     its end by the clock that rules see, without a reload.
//
// # What rules remember
//
// A [Memory] keeps digests, never values, and a limited number of them. [Recent] is the one in this process; its owner
// may save and restore it. To fill it from history, tag past events and throw the answers away: which of them count, only
// the condition of the rule tells. [Module.Candidates] tells which past events needn't be read for that.
//
// # Why many rules cost little
//
// From the checked expression of each rule come conditions without which it can't be true: a column or event.operation
// equal to a literal or one of a list, a beginning, a number, a boolean, and words that must stand somewhere in a JSON
// column, such as the name of a changed property or a text that something inside is compared with; what a field of
// event.grant, consent, role or api is read from; a part of event.operation, a pattern for it, or the class of a Key Vault
// operation, which are decided once for each operation that comes. Items of lists.NAME and context.list("NAME") count as
// literals, and so does the variable of a loop over them; of a regular expression for another column, the words that it
// can't do without count. They are followed through "and", "or", "!", "?:", exists, map, filter, lets and macros. One of
// a rule's conditions is its key. Keys are chosen for the whole set, so that an event asks few questions and few rules
// are picked; the other conditions of a rule that is picked are looked at before its expression runs. [Module.Key] tells
// the key.
//
// Rules without a key are evaluated for every event of their tables, one rule after the other on a block of events.
// [Module.Unindexed] lists them. The index never changes a match; nor an error, as a rule reports errors only for events
// on which these conditions hold, whether the index is asked or not.
//
// # What bounds a rule
//
// Regular expressions are literals. The cost of each expression is estimated for large rows; beyond a limit it is
// refused. When rules run, turns of loops and the texts that functions go through are metered: one rule may spend about 5
// ms on an event, all rules together about 15 ms. A rule that spends more reports an error, and after five times in a
// row it is off, which the events that it might match say, and tried again every 30 s; an event on which all rules together spend more reports how many were not
// run. Values from rows are bounded: lists of 512 elements, JSON nested 32 deep, 256 KB in a cell or in a text that
// functions make, 8 KB for a regular expression, less for a large one. What is over makes the rules that look at it
// report an error; the event goes on.
package celrule
