package main

import (
	"context"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// property is a custom property of QRadar and the key of LEEF that it is read from. The JSON is the body of
// POST /api/config/event_sources/custom_properties/regex_properties, but for leef_key, which is the expression for
// .../property_leef_expressions.
// https://ibmsecuritydocs.github.io/qradar_api_14.0/14.0--config-event_sources-custom_properties-property_leef_expressions-POST.html
type property struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"property_type"` // string, numeric, ip, port or time
	ForRules    bool   `json:"use_for_rule_engine"`
	Key         string `json:"leef_key"`
}

// properties are what LEEF says beside what QRadar reads by itself: who (usrName), from where (src), when (devTime), category (cat)
// and severity (sev). What detections ask for is read when the event comes in, the rest when somebody looks.
// https://www.ibm.com/docs/en/dsm?topic=overview-predefined-leef-event-attributes
func properties() []property {
	return []property{
		{"Risk Level", "info, low, medium, high or critical: the highest severity of the rules that matched", "string", true, "riskLevel"},
		{"Risk Score", "0 to 100: the sum of the scores of the rules that matched", "numeric", true, "riskScore"},
		{"Risk Rules", "ids of all rules that matched, the worst first, separated by commas", "string", true, "riskRules"},
		{"Risk Objects", "what is at risk, each as type:value", "string", true, "riskObjects"},
		{"MITRE Techniques", "ids of ATT&CK techniques, separated by commas", "string", true, "mitre"},
		{"Risk Message", "what the rules say", "string", false, "msg"},
		{"Operation", "what was done, in Azure's words", "string", true, "operation"},
		{"Outcome", "how it ended, in Azure's words", "string", true, "outcome"},
		{"Reason", "why it ended so, in Azure's words", "string", false, "reason"},
		{"User ID", "id of the user or application that did it", "string", true, "userId"},
		{"Target User", "name of the person it was done to", "string", true, "duser"},
		{"Target User ID", "id of the person it was done to", "string", false, "duid"},
		{"Target Name", "name of what it was done to", "string", true, "fname"},
		{"Target ID", "id of what it was done to", "string", false, "fileId"},
		{"Target Type", "type of what it was done to", "string", false, "fileType"},
		{"Application", "name of the application that was used", "string", true, "destinationServiceName"},
		{"User Agent", "program that called", "string", false, "userAgent"},
		{"URL", "what was asked of a key vault", "string", false, "url"},
		{"Correlation ID", "what the events of one action have in common", "string", false, "correlationId"},
		{"Event ID of riskrelay", "event_id: the same event has the same one, also when it comes again", "string", false, "externalId"},
		{"Follows", "of a follow-up, the event_id of the event it is about", "string", false, "follows"},
		{"Event as JSON", "the whole event", "string", false, "event"},
	}
}

// mapping says what QRadar calls events with this event id and one of these categories: the id is the rule that counts most, the
// category the table. Record is the body of POST /api/data_classification/qid_records but for log_source_type_id; with the id that
// QRadar gives to it, each category makes the body of POST /api/data_classification/dsm_event_mappings.
// https://ibmsecuritydocs.github.io/qradar_api_14.0/14.0--data_classification-qid_records-POST.html
type mapping struct {
	EventID    string   `json:"log_source_event_id"`
	Categories []string `json:"log_source_event_categories"`
	Record     record   `json:"qid_record"`
}

type record struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Severity    int    `json:"severity"` // 1 to 10
	Category    int    `json:"low_level_category_id"`
}

// suspicious is the category "Suspicious Activity". https://www.ibm.com/docs/en/qsip/7.6.0?topic=categories-suspicious-activity
const suspicious = 7006

// The greatest lengths of a name and a description, in characters: https://www.ibm.com/docs/en/qsip/7.6.0?topic=overview-creating-qid-map-entry
const (
	maxName        = 255
	maxDescription = 2048
)

// severities are those of LEEF's sev.
func severities() map[enrich.Severity]int {
	return map[enrich.Severity]int{enrich.Info: 1, enrich.Low: 3, enrich.Medium: 5, enrich.High: 8, enrich.Critical: 10}
}

// eventMappings are those of the built-in rules, in the order of their ids. Rules of the same title get their id into the name, as
// names must differ.
func eventMappings(ctx context.Context) ([]mapping, error) {
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil {
		return nil, err
	}
	module := celrule.New()
	if err := module.Configure(ctx, config); err != nil {
		return nil, err
	}
	rules, titles := module.List(), map[string]int{}
	for i := range rules {
		titles[rules[i].Title]++
	}
	all := make([]mapping, len(rules))
	for i := range rules {
		r := &rules[i]
		name := r.Title
		if titles[name] > 1 {
			name = fmt.Sprintf("%s (%s)", name, r.ID)
		}
		all[i] = mapping{r.ID, r.Tables, record{
			Name: name, Description: "riskrelay's rule " + r.ID, Severity: severities()[r.Severity], Category: suspicious,
		}}
	}
	return all, nil
}
