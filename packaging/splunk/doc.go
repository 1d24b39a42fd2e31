// Package splunk makes the parts of the Splunk app in riskrelay/ that follow from something else, each from its one source:
//
//	cim.txt, enrich/schema   how columns become fields of CIM   -> default/props.conf, CIM.md
//	the built-in rules       what a rule id stands for          -> lookups/riskrelay_rules.csv
//	dashboards/*.json        dashboards as Dashboard Studio has them -> default/data/ui/views/*.xml
//	icon.go                  icons                              -> static/*.png
//
// All else in riskrelay/ is written by hand. `make generate` runs the generator, and `make check` finds what is stale.
package splunk

//go:generate go run ./generate
