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

var ordinary = sync.OnceValue(func() []share {
	var list []share
	load("day.json", &list)
	return list
})

// Day makes the rows of an ordinary day from start on, in the order in which they happened: mostly sign-ins, more of
// everything in office hours, nothing that deserves an alert. Their serials are 1 to events. The last rows are
// ingested up to a quarter of an hour after the day's end.
func Day(seed uint64, start time.Time, events int) []Row {
	random := rand.New(rand.NewPCG(seed, 0x6461790a))
	total := 0
	for _, s := range ordinary() {
		total += s.Weight
	}
	times := make([]time.Time, events)
	for i := range times {
		times[i] = start.Add(moment(random)).Truncate(100 * time.Nanosecond)
	}
	slices.SortFunc(times, time.Time.Compare)
	rows := make([]Row, events)
	for i := range rows {
		n := random.IntN(total)
		at := slices.IndexFunc(ordinary(), func(s share) bool { n -= s.Weight; return n < 0 })
		rows[i] = makeRow(random, ordinary()[at].Row, int64(i+1), times[i], nil, nil)
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
	return Row{Table: t.table, Serial: serial, Time: at, Ingested: at.Add(latency(random, t.table)), JSON: f.render(t)}
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
