//go:build !race

package celrule

// raceFactor is how much more the race detector makes everything cost.
const raceFactor = 1

// numbers are how many rules of a kind look at a hostile row together.
func numbers() []int { return []int{1, 100} }
