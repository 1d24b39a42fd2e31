// Package shape knows how Azure's own tools write the events of the tables, and makes rows of that, and of rows the diagnostic
// record again. The names are data: names.txt has what differs from one rule, and the columns come from package schema, so that
// one table of names serves both ways and all tables.
//
//	row --[Writer.Append]--> diagnostic record --[Objects.Parse]--> row
//
// Read names.go, then write.go and read.go.
package shape

//go:generate go test -run TestReadme -update .
