// Package shapes holds that riskrelay says the same of an event in whatever shape Azure's tools write it: a day of the demo's company
// and the attack on it, written in each shape by writers that know nothing of package shape's tables. It holds tests only.
package shapes
