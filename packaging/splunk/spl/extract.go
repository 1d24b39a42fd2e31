package spl

import (
	"encoding/json"
	"strings"
)

// What KV_MODE=json leaves out of an event unless limits.conf says otherwise: what stands behind so many bytes, and what has a name
// beyond so many. https://help.splunk.com/en/data-management/splunk-enterprise-admin-manual/10.4/configuration-file-reference
const (
	extractionCutoff = 5000 // [spath] extraction_cutoff
	mostNames        = 100  // [kv] limit
)

// extraction takes fields out of an event's text, from its beginning on.
type extraction struct {
	decoder *json.Decoder
	into    map[string][]string
}

// extract adds each scalar of an event under the path that leads to it, {} for lists, as KV_MODE=json does, as far as that goes.
func extract(into map[string][]string, raw string) {
	e := extraction{json.NewDecoder(strings.NewReader(raw)), into}
	e.decoder.UseNumber()
	e.value("")
}

// value takes fields out of the next value. It says whether there may be more.
func (e *extraction) value(path string) bool {
	token, err := e.decoder.Token()
	if err != nil || e.decoder.InputOffset() > extractionCutoff {
		return false
	}
	open, isOpen := token.(json.Delim)
	switch {
	case !isOpen:
		if _, known := e.into[path]; !known && len(e.into) == mostNames {
			return false
		}
		e.into[path] = append(e.into[path], native(token))
		return true
	case open == '[':
		return e.inside(func() bool { return e.value(path + "{}") })
	}
	return e.inside(func() bool {
		name, err := e.decoder.Token()
		inner, ok := name.(string)
		if err != nil || !ok {
			return false
		}
		if path != "" {
			inner = path + "." + inner
		}
		return e.value(inner)
	})
}

// inside takes fields out of what is in a list or an object, to its end.
func (e *extraction) inside(each func() bool) bool {
	for e.decoder.More() {
		if !each() {
			return false
		}
	}
	_, err := e.decoder.Token()
	return err == nil
}
