package escu

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// event is a record as a search sees it.
type event struct {
	time   time.Time
	fields map[string][]string
}

// newEvent takes the fields out of a record as Splunk does with KV_MODE=json: {} stands for each element of a list, null is the
// text null, and what JSON in a text holds is no field.
// https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Spath
func newEvent(at time.Time, record []byte) (*event, error) {
	d := json.NewDecoder(strings.NewReader(string(record)))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("%w in %s", err, record)
	}
	e := &event{time: at, fields: map[string][]string{}}
	flatten(value, "", e.fields)
	for _, x := range extractions() {
		if v := x.of(e); len(v) > 0 {
			e.fields[x.name] = v
		}
	}
	return e, nil
}

func flatten(value any, name string, into map[string][]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(inner, strings.TrimPrefix(name+"."+key, "."), into)
		}
	case []any:
		for _, inner := range v {
			flatten(inner, name+"{}", into)
		}
	case nil:
		into[name] = append(into[name], "null")
	default:
		into[name] = append(into[name], fmt.Sprint(v))
	}
}

// values are the values of a field: NAME, NAME[1] for the second of them, NAME>PATH for what lies at a path of the JSON in it.
func (e *event) values(field string) []string {
	field, inner, isJSON := strings.Cut(field, ">")
	name, at := place(field)
	v := e.fields[name]
	if at >= 0 {
		if at >= len(v) {
			return nil
		}
		v = v[at : at+1]
	}
	if !isJSON {
		return v
	}
	found := map[string][]string{}
	for _, text := range v {
		var value any
		if json.Unmarshal([]byte(text), &value) == nil {
			flatten(value, "", found)
		}
	}
	return found[inner]
}

// extraction is a field that the add-on makes of others: the first value of the first of them that has one.
type extraction struct {
	name string
	from []string
	// find and as name the place among the values of find where from has the value.
	find, as string
	// then is the value when the field from is there, whatever it is.
	then string
}

// extractions are the fields that the app takes out of a record, by paths that the service documents.
func extractions() []extraction {
	const target, actor = "properties.targetResources{}", "properties.initiatedBy"
	return []extraction{
		{name: "user", from: []string{"properties.userPrincipalName", "properties.servicePrincipalName"}},
		{name: "user", from: []string{target + ".userPrincipalName"}, find: target + ".type", as: "User"}, // to whom it was done
		{name: "user", from: []string{actor + ".user.userPrincipalName", actor + ".app.displayName"}},
		{name: "user_id", from: []string{"properties.userId", "properties.servicePrincipalId"}},
		{name: "src_user", from: []string{actor + ".user.userPrincipalName", actor + ".app.displayName"}},
		{name: "src_user_type", from: []string{actor + ".app.displayName"}, then: "servicePrincipal"},
		{name: "src_user_type", from: []string{actor + ".user.id"}, then: "user"},
		{name: "src_ip", from: []string{"callerIpAddress", "properties.ipAddress", actor + ".user.ipAddress"}},
		{name: "object", from: []string{target + ".displayName"}},
		{name: "user_agent", from: []string{"properties.userAgent"}},
		{name: "user_agent", from: []string{"properties.additionalDetails{}.value"}, find: "properties.additionalDetails{}.key", as: "User-Agent"},
		{name: "action", from: []string{"resultType"}, find: "resultType", as: "0", then: "success"},
	}
}

func (x *extraction) of(e *event) []string {
	if e.fields[x.name] != nil {
		return nil // an extraction of the same name came first
	}
	for _, from := range x.from {
		for i, v := range e.fields[from] {
			if x.find != "" && (i >= len(e.fields[x.find]) || e.fields[x.find][i] != x.as) {
				continue
			}
			if v != "" && v != "null" {
				if x.then != "" {
					v = x.then
				}
				return []string{v}
			}
		}
	}
	return nil
}
