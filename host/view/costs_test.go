package view

import "testing"

func TestShare(t *testing.T) {
	costs := []RuleCost{{PerNano: 300, Events: 1}, {PerNano: 50, Events: 2}, {}}
	if Share(costs); costs[0].Share != 0.75 || costs[1].Share != 0.25 || costs[2].Share != 0 {
		t.Errorf("got %+v", costs)
	}
	nothing := []RuleCost{{}}
	if Share(nothing); nothing[0].Share != 0 {
		t.Errorf("got %+v", nothing)
	}
}
