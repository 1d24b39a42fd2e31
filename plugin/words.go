package plugin

import (
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	rulemodulev1 "github.com/riskrelay/riskrelay/plugin/proto/rulemodule/v1"
)

// This file and rows.go map the words of enrich to those of the wire and back, in pairs.

// valid returns text as protobuf wants its strings, with what isn't UTF-8 replaced.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func validAll(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = valid(text)
	}
	return all
}

func toConfig(c enrich.Config) *rulemodulev1.ConfigureRequest {
	request := &rulemodulev1.ConfigureRequest{Settings: c.Settings}
	for _, f := range c.Files {
		request.Files = append(request.Files, &rulemodulev1.File{Name: valid(f.Name), Data: f.Data})
	}
	return request
}

func fromConfig(request *rulemodulev1.ConfigureRequest) enrich.Config {
	c := enrich.Config{Settings: request.GetSettings()}
	for _, f := range request.GetFiles() {
		c.Files = append(c.Files, enrich.File{Name: f.GetName(), Data: f.GetData()})
	}
	return c
}

func toDescription(d enrich.Description) *rulemodulev1.Description {
	about := &rulemodulev1.Description{
		Name: valid(d.Name), Version: valid(d.Version),
		Tables: validAll(d.Selector.Tables), Columns: validAll(d.Selector.Columns),
	}
	for _, r := range d.Rules {
		about.Rules = append(about.Rules, &rulemodulev1.Rule{
			Id: valid(r.ID), Title: valid(r.Title), Pack: valid(r.Pack), Revision: valid(r.Revision),
			Tables: validAll(r.Tables), Guide: validAll(r.Guide), Severity: rulemodulev1.Severity(r.Severity),
			Mitre: validAll(r.Mitre), Off: valid(r.Off),
		})
	}
	return about
}

func fromDescription(about *rulemodulev1.Description) enrich.Description {
	d := enrich.Description{
		Name: about.GetName(), Version: about.GetVersion(),
		Selector: enrich.Selector{Tables: about.GetTables(), Columns: about.GetColumns()},
	}
	for _, r := range about.GetRules() {
		d.Rules = append(d.Rules, enrich.RuleInfo{
			ID: r.GetId(), Title: r.GetTitle(), Pack: r.GetPack(), Revision: r.GetRevision(),
			Tables: r.GetTables(), Guide: r.GetGuide(), Severity: enrich.Severity(r.GetSeverity()),
			Mitre: r.GetMitre(), Off: r.GetOff(),
		})
	}
	return d
}

func toLists(lists [][]enrich.Tag) []*rulemodulev1.Tags {
	all := make([]rulemodulev1.Tags, len(lists))
	out := make([]*rulemodulev1.Tags, len(lists))
	for i, tags := range lists {
		out[i] = &all[i]
		for k := range tags {
			out[i].Tags = append(out[i].Tags, toTag(&tags[k]))
		}
	}
	return out
}

func fromLists(lists []*rulemodulev1.Tags) [][]enrich.Tag {
	out := make([][]enrich.Tag, len(lists))
	for i, list := range lists {
		for _, t := range list.GetTags() {
			out[i] = append(out[i], fromTag(t))
		}
	}
	return out
}

func toTag(t *enrich.Tag) *rulemodulev1.Tag {
	tag := &rulemodulev1.Tag{
		Rule: valid(t.Rule), Revision: valid(t.Revision), Pack: valid(t.Pack), Guide: validAll(t.Guide),
		Severity: rulemodulev1.Severity(t.Severity), Score: int32(min(max(t.Score, -1), maxScore+1)), Reasons: validAll(t.Reasons),
		Message: valid(t.Message), Mitre: validAll(t.Mitre), Suppressed: valid(t.Suppressed), Error: valid(t.Error),
	}
	for _, o := range t.Objects {
		tag.Objects = append(tag.Objects, &rulemodulev1.Object{Type: valid(o.Type), Value: valid(o.Value)})
	}
	return tag
}

func fromTag(tag *rulemodulev1.Tag) enrich.Tag {
	t := enrich.Tag{
		Rule: tag.GetRule(), Revision: tag.GetRevision(), Pack: tag.GetPack(), Guide: tag.GetGuide(),
		Severity: enrich.Severity(tag.GetSeverity()), Score: int(tag.GetScore()), Reasons: tag.GetReasons(),
		Message: tag.GetMessage(), Mitre: tag.GetMitre(), Suppressed: tag.GetSuppressed(), Error: tag.GetError(),
	}
	for _, o := range tag.GetObjects() {
		t.Objects = append(t.Objects, enrich.Object{Type: o.GetType(), Value: o.GetValue()})
	}
	return t
}
