package view

import (
	"path/filepath"
	"slices"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// SARIFLog is a log in the Static Analysis Results Interchange Format; it has the parts that are used: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type SARIFLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

// The parts of a log.
type (
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string      `json:"id"`
		ShortDescription     sarifText   `json:"shortDescription"`
		FullDescription      sarifText   `json:"fullDescription"`
		Help                 sarifText   `json:"help"`
		DefaultConfiguration sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPlace          `json:"physicalLocation"`
		Logical  []sarifLogicalPlace `json:"logicalLocations,omitempty"`
	}
	sarifPlace struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndColumn   int `json:"endColumn"`
	}
	sarifLogicalPlace struct {
		Name string `json:"fullyQualifiedName"`
	}
)

// SARIF is the problems as a SARIF log, with the documentation of the codes that occur; version is this program's.
func SARIF(problems diag.Problems, version string) SARIFLog {
	driver := sarifDriver{Name: "riskrelay", Version: version, Rules: []sarifRule{}}
	results := []sarifResult{}
	for _, p := range problems {
		at := slices.IndexFunc(driver.Rules, func(r sarifRule) bool { return r.ID == p.Code })
		if at < 0 {
			at, driver.Rules = len(driver.Rules), append(driver.Rules, sarifRuleOf(p))
		}
		results = append(results, sarifResultOf(p, at))
	}
	return SARIFLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{sarifTool{driver}, "unicodeCodePoints", results}},
	}
}

func sarifRuleOf(p diag.Problem) sarifRule {
	c, ok := CodeByName(p.Code)
	if !ok { // a rule module's own code
		c = diag.Code{Code: p.Code, Severity: p.Severity, Title: p.Code, Explanation: p.Message, Fix: p.Message}
	}
	return sarifRule{
		ID: c.Code, ShortDescription: sarifText{c.Title}, FullDescription: sarifText{c.Explanation}, Help: sarifText{c.Fix},
		DefaultConfiguration: sarifConfig{string(c.Severity)},
	}
}

func sarifResultOf(p diag.Problem, rule int) sarifResult {
	out := sarifResult{RuleID: p.Code, RuleIndex: rule, Level: string(p.Severity), Message: sarifText{p.Message}}
	if p.Suggestion != "" {
		out.Message.Text += "; " + p.Suggestion
	}
	if p.Pos.File == "" {
		return out
	}
	place := sarifLocation{Physical: sarifPlace{Artifact: sarifArtifact{filepath.ToSlash(p.Pos.File)}}}
	if p.Pos.Line > 0 {
		place.Physical.Region = &sarifRegion{p.Pos.Line, max(1, p.Pos.Column), max(1, p.Pos.Column) + max(1, p.Width)}
	}
	if p.Path != "" {
		place.Logical = []sarifLogicalPlace{{p.Path}}
	}
	out.Locations = []sarifLocation{place}
	return out
}
