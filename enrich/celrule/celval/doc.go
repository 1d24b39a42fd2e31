// Package celval has the values that rules work on: what becomes of a JSON cell, lists of rule files, and objects with named
// fields. It knows CEL and nothing of events or rules.
//
// Read in this order; each file needs only those before it:
//
//   - list.go, map.go: arrays and objects as CEL sees them. A list of a rule file finds its items by hash.
//   - absent.go: what stands for a value that isn't there.
//   - json.go: JSON text to values and back, within bounds.
//   - object.go: a Go value behind named, typed fields, such as the actor of an event.
//   - provider.go: how CEL learns of the object types.
//   - display.go: values as people read them.
package celval
