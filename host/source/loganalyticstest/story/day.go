package story

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// share is how often a row comes, against the sum of all weights.
type share struct {
	Row    string `json:"row"`
	Weight int    `json:"weight"`
}

// ordinary is what an ordinary day has, and inventory what Microsoft Graph says of applications.
var (
	ordinary  = sync.OnceValue(func() []share { return shares("day.json") })
	inventory = sync.OnceValue(func() []share { return shares("inventory.json") })
)

func shares(file string) (list []share) {
	load(file, &list)
	return list
}

// Day makes the rows of an ordinary day from start on, in the order in which they happened: mostly sign-ins, more of
// everything in office hours, and what looks alarming but isn't: rotations, activated roles, changes that change nothing,
// texts that somebody chose to confuse readers of logs. The worst in it is what the guide wants to see at low risk, such
// as a user's consent. Their serials are 1 to events. The last rows are ingested up to a quarter of an hour after the
// day's end.
func Day(seed uint64, start time.Time, events int) []Row {
	return mix(rand.New(rand.NewPCG(seed, 0x6461790a)), ordinary(), start, events)
}

// Inventory makes rows of GraphApplications, of which no rule with a sensible context has anything to say: credentials
// that live for 150 days, redirect URIs in the company's domain. Their serials are 1 to events, and stand in the column id.
func Inventory(seed uint64, start time.Time, events int) []Row {
	return mix(rand.New(rand.NewPCG(seed, 0x67726170)), inventory(), start, events)
}

// Moment makes rows of which an ordinary day consists that all happened at the same instant. Their serials are as those of Day.
func Moment(seed uint64, at time.Time, events int) []Row {
	return atTimes(rand.New(rand.NewPCG(seed, 0x6d6f6d65)), ordinary(), slices.Repeat([]time.Time{at.Truncate(100 * time.Nanosecond)}, events))
}

func mix(random *rand.Rand, list []share, start time.Time, events int) []Row {
	times := make([]time.Time, events)
	for i := range times {
		times[i] = start.Add(moment(random)).Truncate(100 * time.Nanosecond)
	}
	slices.SortFunc(times, time.Time.Compare)
	return atTimes(random, list, times)
}

// atTimes makes a row for each time.
func atTimes(random *rand.Rand, list []share, times []time.Time) []Row {
	total := 0
	for _, s := range list {
		total += s.Weight
	}
	rows := make([]Row, len(times))
	for i := range rows {
		n := random.IntN(total)
		at := slices.IndexFunc(list, func(s share) bool { n -= s.Weight; return n < 0 })
		rows[i] = makeRow(random, list[at].Row, int64(i+1), times[i], nil, nil)
	}
	return rows
}

// moment is a time of day: two of three in the nine hours from eight o'clock on.
func moment(random *rand.Rand) time.Duration {
	if random.IntN(3) > 0 {
		return 8*time.Hour + time.Duration(random.Int64N(int64(9*time.Hour)))
	}
	return time.Duration(random.Int64N(int64(24 * time.Hour)))
}

// makeRow makes one row; given and roles say what isn't left to chance.
func makeRow(random *rand.Rand, name string, serial int64, at time.Time, given map[string]string, roles map[string]member) Row {
	t := templates()[name]
	if t == nil {
		panic(fmt.Sprintf("no row is called %s", name))
	}
	at = at.UTC()
	digits := fmt.Sprintf("%0*d", serialDigits, serial)
	f := facts{random: random, given: maps.Clone(given), roles: maps.Clone(roles)}
	if f.given == nil {
		f.given, f.roles = map[string]string{}, map[string]member{}
	}
	f.given["time"] = at.Format("2006-01-02T15:04:05.0000000Z")
	f.given["serial"] = digits
	f.given["rowid"] = guid(random)[:36-serialDigits] + digits
	f.given["tenant"], f.given["subscription"] = company().Tenant, company().Subscription
	if f.given["correlation"] == "" {
		f.given["correlation"] = guid(random)
	}
	return Row{Table: t.table, Kind: name, Serial: serial, Time: at, Ingested: at.Add(latency(random, t.table)), JSON: f.render(t)}
}

// latency is how long a row takes to the workspace.
// https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time
func latency(random *rand.Rand, table string) time.Duration {
	least, most := 2*time.Minute, 8*time.Minute
	if table == "AzureActivity" {
		least, most = 3*time.Minute, 15*time.Minute
	}
	return (least + time.Duration(random.Int64N(int64(most-least)))).Truncate(100 * time.Nanosecond)
}
