package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// object is a JSON object.
type object = map[string]any

// product is Elasticsearch or OpenSearch, which grew apart.
type product struct {
	// dynamic is how a column is mapped that holds objects, arrays or, in some table, text.
	dynamic object
	// types replace types of the Elastic Common Schema that the product hasn't, or not in all versions that are in use.
	types map[string]string
	// copy is the processor that fills a field from another one where it has nothing yet.
	copy func(from, to string) object
	// prepare are the processors before all others.
	prepare []object
}

// maxKeyword is how many characters of a text are indexed. Lucene takes 32,766 bytes in one term, and a character has four at
// most; an event with a longer one would be refused as a whole.
// https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/ignore-above
const maxKeyword = 8191

func keyword() object { return object{"type": "keyword", "ignore_above": maxKeyword} }

// elastic is Elasticsearch. A flattened field takes objects only, so what is text in one table and an object in another becomes an object.
// https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/flattened
func elastic() product {
	return product{
		dynamic: object{"type": "flattened", "ignore_above": maxKeyword},
		copy: func(from, to string) object {
			return object{"set": object{"field": to, "copy_from": from, "override": false, "ignore_empty_value": true, "ignore_failure": true}}
		},
		prepare: []object{{"script": object{
			"description": "Columns with objects hold nothing else: {\"value\": ..} stands around what is none.",
			"lang":        "painless",
			"source": "for (def name : params.columns) { def v = ctx[name]; if (v == null || v instanceof Map) { continue; } " +
				"boolean objects = v instanceof List; if (objects) { for (def item : v) { if (!(item instanceof Map)) { objects = false; } } } " +
				"if (!objects) { ctx[name] = ['value': v]; } }",
			"params": object{"columns": dynamicColumns()},
		}}},
	}
}

// openSearch is OpenSearch, whose flat_object refuses an event with a text above 32,766 bytes inside, however deep. So columns with
// objects are kept, but not indexed; those take anything.
// https://docs.opensearch.org/latest/mappings/supported-field-types/flat-object
func openSearch() product {
	return product{
		dynamic: object{"type": "object", "enabled": false},
		types:   map[string]string{"match_only_text": "text", "wildcard": "keyword"},
		copy: func(from, to string) object {
			// https://docs.opensearch.org/docs/ingest-pipelines/processors/copy
			return object{"copy": object{
				"source_field": from, "target_field": to, "override_target": false, "ignore_missing": true, "ignore_failure": true,
				"if": (condition{column: from}).painless(),
			}}
		},
	}
}

// template is the index template for data streams whose names begin with logs-riskrelay-. What isn't mapped, such as columns of
// custom tables, is kept, but can't be in conflict with anything.
func (p product) template() object {
	return object{
		"index_patterns": []string{"logs-riskrelay-*"},
		"data_stream":    object{},
		"priority":       200, // above Elastic's own for logs-*-*, which has 100
		"_meta":          object{"description": "riskrelay: events of Azure's tables with their risk, and names of the Elastic Common Schema"},
		"template": object{
			"settings": object{"index": object{"default_pipeline": "riskrelay"}},
			"mappings": object{"dynamic": "false", "properties": p.properties()},
		},
	}
}

// properties are all fields of an event: what riskrelay writes, the columns, and the common names.
func (p product) properties() object {
	all := object{
		"event_id": keyword(), "late": object{"type": "boolean"}, "Type": keyword(), "risk": riskMapping(reflect.TypeFor[enrich.Risk]()),
	}
	for name, types := range columns() {
		all[name] = p.mapping(types)
	}
	for name, kind := range ecsTypes() {
		place, rest := all, name
		for {
			head, tail, nested := strings.Cut(rest, ".")
			if !nested {
				break
			}
			if place[head] == nil {
				place[head] = object{"properties": object{}}
			}
			place, rest = place[head].(object)["properties"].(object), tail // made so above
		}
		place[rest] = p.ecsMapping(kind)
	}
	return all
}

// columns are the types of all columns in all tables, by their names. Text that is opened as JSON is Dynamic here.
func columns() map[string][]enrich.Type {
	all := map[string][]enrich.Type{}
	for _, t := range schema.Tables() {
		for _, c := range t.Columns {
			kind := c.Type
			if schema.ObjectTexts(t.Name)[c.Name] {
				kind = enrich.Dynamic
			}
			if !slices.Contains(all[c.Name], kind) {
				all[c.Name] = append(all[c.Name], kind)
			}
		}
	}
	return all
}

// dynamicColumns are those with objects in some table, sorted.
func dynamicColumns() []string {
	return slices.Sorted(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
		for name, types := range columns() {
			if slices.Contains(types, enrich.Dynamic) && !yield(name, true) {
				return
			}
		}
	})))
}

// mapping is the one mapping that takes a column of all these types. Yes and no are words, as neither OpenSearch nor older versions of
// Elasticsearch forgive a boolean field a value of another kind.
func (p product) mapping(types []enrich.Type) object {
	has := func(kinds ...enrich.Type) bool { // only these
		return !slices.ContainsFunc(types, func(t enrich.Type) bool { return !slices.Contains(kinds, t) })
	}
	switch {
	case slices.Contains(types, enrich.Dynamic):
		return p.dynamic
	case has(enrich.Int, enrich.Long):
		return object{"type": "long", "ignore_malformed": true}
	case has(enrich.Int, enrich.Long, enrich.Real):
		return object{"type": "double", "ignore_malformed": true}
	case has(enrich.Datetime):
		return object{"type": "date", "ignore_malformed": true}
	}
	return keyword()
}

// ecsMapping is the mapping of a field of the Elastic Common Schema with that type.
func (p product) ecsMapping(kind string) object {
	if other, ok := p.types[kind]; ok {
		kind = other
	}
	switch kind {
	case "keyword":
		return keyword()
	case "wildcard":
		return object{"type": kind, "ignore_above": maxKeyword}
	case "ip": // some columns have a port behind the address
		return object{"type": kind, "ignore_malformed": true}
	}
	return object{"type": kind}
}

// riskMapping is the mapping of a part of the risk, as it is written in JSON.
func riskMapping(t reflect.Type) object {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		if t.Kind() == reflect.Int && t != reflect.TypeFor[enrich.Severity]() { // a severity is a word
			return object{"type": "long"}
		}
		return keyword()
	}
	fields := object{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = riskMapping(t.Field(i).Type)
		}
	}
	return object{"properties": fields}
}
