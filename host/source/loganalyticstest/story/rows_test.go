package story

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEveryRowRenders fills each row of data/rows with the attack's facts, rare ones too.
func TestEveryRowRenders(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	given := map[string]string{"permission": "P", "permission.id": "1", "permission.title": "T", "api.name": "A", "api.appid": "1", "api.spid": "2", "api.names": "n", "resourceapp.name": "B", "resourceapp.appid": "3", "resourceapp.spid": "4", "scopes": "S"}
	for key, value := range attack().Facts {
		given[key] = value
	}
	for name := range templates() {
		r := makeRow(random, name, 1, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), given, roles(attack().People))
		if !json.Valid(r.JSON) {
			t.Errorf("%s: %s", name, r.JSON)
		}
	}
}

// TestRowsAreUsed finds rows that neither the day nor the inventory nor the attack has.
func TestRowsAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, s := range slices.Concat(ordinary(), inventory()) {
		used[s.Row] = true
	}
	for _, s := range attack().Steps {
		used[s.Row] = true
	}
	for name := range templates() {
		if !used[name] {
			t.Errorf("nothing uses the row %s", name)
		}
	}
}

// TestCastNeedsNoEscapes: placeholders stand inside JSON inside JSON.
func TestCastNeedsNoEscapes(t *testing.T) {
	for kind, members := range company().People {
		for _, m := range members {
			for field, value := range m {
				if strings.ContainsAny(value, "\"\\<>\n") {
					t.Errorf("%s.%s is %q", kind, field, value)
				}
			}
		}
	}
	for key, value := range attack().Facts {
		if strings.ContainsAny(value, "\"\\\n") {
			t.Errorf("%s is %q", key, value)
		}
	}
}
