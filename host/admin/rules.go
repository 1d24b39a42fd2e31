package admin

import "github.com/riskrelay/riskrelay/host/pipeline"

// ruleMetrics are about rules and modules. Only rules of the set that is at work have values of their own.
func ruleMetrics() []metric {
	one := []string{"rule"}
	return append([]metric{
		{"riskrelay_rule_matches_total", counter, one, "Events that the rule matched. An event that is read again counts again.", rules(func(f pipeline.RuleFigures) int64 { return f.Matches })},
		{"riskrelay_rule_suppressed_total", counter, one, "Matches that an exception silenced.", rules(func(f pipeline.RuleFigures) int64 { return f.Suppressed })},
		{"riskrelay_rule_errors_total", counter, one, "Events that the rule could not judge.", rules(func(f pipeline.RuleFigures) int64 { return f.Errors })},
		{"riskrelay_rule_missing_fields_total", counter, one, "Events on which the rule ended, without a match, at a field that they don't have; since its rules were loaded, and only of rules that it happened to, not with rules.isolate.", func(s Snapshot, give giveFunc) {
			for id, n := range s.Missing {
				give(float64(n), id)
			}
		}},
		{"riskrelay_rule_breaker_open", gauge, one, "1 while the rule is switched off, as it took too long again and again; not given otherwise, nor with rules.isolate.", func(s Snapshot, give giveFunc) {
			for _, id := range s.Tripped {
				give(1, id)
			}
		}},
		{"riskrelay_rules", gauge, []string{"state"}, "Rules that run (state \"on\") and rules that don't (\"off\").", func(s Snapshot, give giveFunc) {
			on := 0
			for i := range s.Rules {
				if s.Rules[i].Off == "" {
					on++
				}
			}
			give(float64(on), "on")
			give(float64(len(s.Rules)-on), "off")
		}},
		{"riskrelay_module_unjudged_events_total", counter, []string{"module"}, "Events that a module as a whole could not judge, or of which it said what it may not; they went out without these tags.", func(s Snapshot, give giveFunc) {
			for _, m := range s.Modules {
				give(float64(s.Figures.Unjudged[m.Name]), m.Name)
			}
		}},
		{"riskrelay_module_restarts_total", counter, []string{"module"}, "How often the module's process was started again. Only of modules that have one.", func(s Snapshot, give giveFunc) {
			for name, n := range s.Restarts {
				give(float64(n), name)
			}
		}},
	}, append(moduleMetrics(), setMetrics()...)...)
}

// moduleMetrics are about how modules do.
func moduleMetrics() []metric {
	one := []string{"module"}
	return []metric{
		{"riskrelay_module_up", gauge, one, "1 when the module is asked about events, 0 while it is off: then they go out without its tags, and risk.errors says why.", modules(func(m ModuleStatus) float64 { return truth(m.On) })},
		{"riskrelay_module_breaker_open", gauge, one, "1 while the module is off because it failed again and again, otherwise 0.", modules(func(m ModuleStatus) float64 { return truth(m.Open) })},
		{"riskrelay_module_timeouts_total", counter, one, "Calls to which the module gave no answer in time.", modules(func(m ModuleStatus) float64 { return float64(m.Timeouts) })},
		{"riskrelay_module_refused_tags_total", counter, one, "Tags, errors and suppressions that were refused, as the module said them in the name of another one's rule, pack or guide row.", modules(func(m ModuleStatus) float64 { return float64(m.Refused) })},
		{"riskrelay_module_log_lines_left_out_total", counter, one, "Lines that the module wrote and that are not in the log, as it wrote more than 20 a second.", modules(func(m ModuleStatus) float64 { return float64(m.LeftOut) })},
	}
}

// modules gives a value for each module.
func modules(value func(ModuleStatus) float64) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		for _, m := range s.Modules {
			give(value(m), m.Name)
		}
	}
}

// setMetrics are about the set of rules as a whole.
func setMetrics() []metric {
	return []metric{
		{"riskrelay_rules_info", gauge, []string{"hash"}, "1; the hash of the rule files, the context and the settings that are at work.", func(s Snapshot, give giveFunc) {
			if s.Figures.Rules.Hash != "" {
				give(1, s.Figures.Rules.Hash)
			}
		}},
		{"riskrelay_rules_loaded_timestamp_seconds", gauge, nil, "When the set of rules that is at work was loaded.", func(s Snapshot, give giveFunc) {
			if v, ok := seconds(s.Figures.Rules.Loaded); ok {
				give(v)
			}
		}},
		{"riskrelay_rules_reloads_total", counter, []string{"result"}, "Sets that took the place of another (result \"taken\") and sets that were refused (\"refused\").", func(s Snapshot, give giveFunc) {
			give(float64(s.Figures.Rules.Reloads), "taken")
			give(float64(s.Figures.Rules.Refused), "refused")
		}},
		{"riskrelay_rules_last_reload_successful", gauge, nil, "0 when the last set was refused and an older one is at work, otherwise 1.", func(s Snapshot, give giveFunc) {
			give(truth(s.Figures.Rules.LastOK))
		}},
	}
}

// rules gives a value for each rule of the set, however often it matched.
func rules(value func(pipeline.RuleFigures) int64) func(Snapshot, giveFunc) {
	return func(s Snapshot, give giveFunc) {
		given := map[string]bool{} // modules are free to have a rule of the same name
		for i := range s.Rules {
			if id := s.Rules[i].ID; !given[id] {
				given[id] = true
				give(float64(value(s.Figures.ByRule[id])), id)
			}
		}
	}
}
