// Package event is an event as rules see it: the variable event with the columns of its table and the views over them, the
// functions of the language, and the variable context.
//
// A [Frame] shows one row. Its cells and views are decoded when the first rule asks for them, and kept for the next one.
//
// Read in this order; few files need one that comes later:
//
//   - fold.go, uri.go, similar_names.go: texts. How spellings are folded, URIs taken apart, names compared.
//   - known.go, cell.go, undeclared.go: what stands for nothing, and the value of one cell, also of a column that no schema declares.
//   - change.go, grant.go, activity.go, role.go, actor.go, actor_columns.go, vault.go: the views. Each reads what the logs spell in several ways into one
//     struct: the targets and their changes, granted permissions and consents, assigned roles, who did it, what was done to a
//     key vault.
//   - views.go: the views' fields as rules name them.
//   - function.go: what is known of a function: its signature, what it costs.
//   - tables.go, table.go: what is special about each table, in one literal, and a table as rules ask for it.
//   - frame.go: one event.
//   - under.go, functions.go: the functions.
//   - own_apps.go, context.go: the variable context: what is known beside the row.
package event
