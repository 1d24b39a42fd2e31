// Package shapes holds that riskrelay says the same of an event in whatever shape Azure's tools write it: a day of the demo's company
// and the attack on it, written in each shape by writers that know nothing of package shape's tables. It holds tests only, and files
// of each shape and table in testdata.
package shapes

//go:generate go test -run "TestFiles|TestTable" -update .
