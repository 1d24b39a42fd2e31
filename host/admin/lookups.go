package admin

// Lookups counts what was done to find out whether hosts exist, and what came of it.
type Lookups struct {
	Hosts      map[string]int64 // looked up, by what came out
	PassedOver map[string]int64 // names that weren't looked up, by the reason
	Queued     int              // names that wait
	Questions  int              // events that wait for an answer
	FollowUps  int              // follow-up events that some sink may need
	Made       int64            // follow-up events
	Lost       map[string]int64 // questions and follow-up events that were given up, by the reason
}

// lookupMetrics are about DNS and follow-up events; none has a value while no resolver is configured.
func lookupMetrics() []metric {
	return []metric{
		{"riskrelay_dns_lookups_total", counter, []string{"verdict"}, "Hosts of redirect URIs that were looked up, by what came out. Not given without a resolver, like the following.", perWord(func(l *Lookups) map[string]int64 {
			return l.Hosts
		})},
		{"riskrelay_dns_names_passed_over_total", counter, []string{"reason"}, "Names that were not looked up: \"refused\" (addresses, names inside a house), \"surplus\" (above five of an event), \"dropped\" (the queue was full).", perWord(func(l *Lookups) map[string]int64 {
			return l.PassedOver
		})},
		{"riskrelay_dns_queue", gauge, nil, "Names that wait to be looked up.", lookups(func(l *Lookups) float64 { return float64(l.Queued) })},
		{"riskrelay_followup_questions", gauge, nil, "Events that went out and wait for what DNS says of their hosts.", lookups(func(l *Lookups) float64 {
			return float64(l.Questions)
		})},
		{"riskrelay_followup_events_waiting", gauge, nil, "Follow-up events that some sink may not have yet.", lookups(func(l *Lookups) float64 { return float64(l.FollowUps) })},
		{"riskrelay_followup_events_total", counter, nil, "Follow-up events that were made.", lookups(func(l *Lookups) float64 { return float64(l.Made) })},
		{"riskrelay_followup_lost_total", counter, []string{"reason"}, "Waiting events and follow-up events that were given up: \"expired\" (a day, or two), \"dropped\" (no room, or damaged on the disk).", perWord(func(l *Lookups) map[string]int64 {
			return l.Lost
		})},
	}
}

func lookups(value func(*Lookups) float64) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		if s.Lookups != nil {
			give(value(s.Lookups))
		}
	}
}

func perWord(values func(*Lookups) map[string]int64) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		if s.Lookups == nil {
			return
		}
		for word, n := range values(s.Lookups) {
			give(float64(n), word)
		}
	}
}
