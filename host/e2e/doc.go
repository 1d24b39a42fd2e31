// Package e2e holds the end-to-end tests: what riskrelay sends is judged by receivers that others wrote. It has no code of
// its own; package peer runs the receivers.
package e2e
