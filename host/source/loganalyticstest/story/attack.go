package story

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// plot is attack.json.
type plot struct {
	People map[string]string `json:"people"` // who plays which kind, "name" or "kind:name"
	Facts  map[string]string `json:"facts"`
	Steps  []step            `json:"steps"`
}

// step is one event of the attack; its people and facts count instead of the plot's.
type step struct {
	At     string            `json:"at"` // after the day's start, "9h30m"
	Step   string            `json:"step"`
	About  string            `json:"about"`
	Row    string            `json:"row"`
	Guide  []string          `json:"guide"`
	People map[string]string `json:"people"`
	Facts  map[string]string `json:"facts"`
}

var attack = sync.OnceValue(func() *plot {
	var p plot
	load("attack.json", &p)
	return &p
})

// Attack makes the rows of the attack on the day that begins at start, in the order in which they happened: a consent
// phish, an application with a backdoor, the way up to Global Administrator and subscription owner, and the looting
// of vaults. It lasts from the ninth to the twelfth hour. Rows of the same minute share a CorrelationId. Between
// them the rows' Guide holds what [Touched] lists.
func Attack(seed uint64, start time.Time) []Row {
	random := rand.New(rand.NewPCG(seed, 0x61747461))
	p := attack()
	rows := make([]Row, len(p.Steps))
	correlation, last := "", ""
	for i, s := range p.Steps {
		after, err := time.ParseDuration(s.At)
		if err != nil {
			panic(fmt.Sprintf("attack.json: step %q: %v", s.Step, err))
		}
		if s.At != last {
			correlation, last = guid(random), s.At
		}
		given := maps.Clone(p.Facts)
		maps.Copy(given, s.Facts)
		given["correlation"] = correlation
		people := maps.Clone(p.People)
		maps.Copy(people, s.People)
		at := start.Add(after).Add(time.Duration(i) * 1234567 * time.Microsecond)
		rows[i] = makeRow(random, s.Row, AttackSerial+int64(i), at, given, roles(people))
		rows[i].Step, rows[i].About, rows[i].Guide = s.Step, s.About, s.Guide
	}
	return rows
}

func roles(people map[string]string) map[string]member {
	out := map[string]member{}
	for kind, who := range people {
		from, name, elsewhere := strings.Cut(who, ":")
		if !elsewhere {
			from, name = kind, who
		}
		out[kind] = company().named(from, name)
	}
	return out
}

// Touched lists the rows of the guide that the attack touches, sorted. Only credentials-lifetime is missing: its source is
// Microsoft Graph.
func Touched() []string {
	var all []string
	for _, s := range attack().Steps {
		all = append(all, s.Guide...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
