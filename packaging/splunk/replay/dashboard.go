package replay

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/packaging/splunk/spl"
)

// Dashboard is a definition of Dashboard Studio.
type Dashboard map[string]any

func readView(text string) (Dashboard, error) {
	var view struct {
		Version    string `xml:"version,attr"`
		Label      string `xml:"label"`
		Definition string `xml:"definition"`
	}
	if err := xml.Unmarshal([]byte(text), &view); err != nil {
		return nil, err
	}
	if view.Version != "2" || view.Label == "" {
		return nil, fmt.Errorf("it is no view of Dashboard Studio with a label")
	}
	var d Dashboard
	return d, json.Unmarshal([]byte(view.Definition), &d)
}

// Searches are the searches of the data sources, by their names.
func (d Dashboard) Searches() map[string]string {
	all := map[string]string{}
	for name, source := range part(d, "dataSources") {
		all[name], _ = part(source, "options")["query"].(string)
	}
	return all
}

// part is an object inside another; nil for none.
func part(of any, name string) map[string]any {
	object, ok := of.(map[string]any)
	if d, is := of.(Dashboard); is {
		object, ok = d, true
	}
	if !ok {
		return nil
	}
	inner, _ := object[name].(map[string]any)
	return inner
}

// Fill has each search run over the events and puts what it finds into the definition, as data for ds.test. Tokens are what $NAME|s$
// stands for. Inputs of time are left out, as they ask Splunk what they may show.
func (d Dashboard) Fill(k *spl.Knowledge, events []*spl.Event, tokens map[string]string) (map[string]*spl.Result, error) {
	found := map[string]*spl.Result{}
	for name, search := range d.Searches() {
		for token, value := range tokens {
			quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
			search = strings.ReplaceAll(search, "$"+token+"|s$", quoted)
		}
		r, err := k.Run(search, events)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[name] = r
		part(d, "dataSources")[name] = map[string]any{"type": "ds.test", "name": name, "options": map[string]any{"data": data(r)}}
	}
	var shown []any
	for name, input := range part(d, "inputs") {
		of, _ := input.(map[string]any)
		if of["type"] == "input.timerange" {
			delete(part(d, "inputs"), name)
			continue
		}
		shown = append(shown, name)
		if options := part(input, "options"); options != nil {
			token, _ := options["token"].(string)
			options["defaultValue"] = tokens[token]
			delete(options, "selectFirstSearchResult")
		}
	}
	part(d, "layout")["globalInputs"] = shown
	return found, nil
}

// data is a result as ds.test takes it: fields, and a column of values for each.
func data(r *spl.Result) map[string]any {
	fields, columns := []any{}, []any{}
	for i, name := range r.Columns {
		fields = append(fields, map[string]any{"name": name})
		column := make([]any, len(r.Rows))
		for n, row := range r.Rows {
			switch cell := row[i]; {
			case len(cell) == 0:
			case name == "_time":
				column[n] = iso(cell[0])
			case len(cell) == 1:
				column[n] = cell[0]
			default:
				column[n] = cell
			}
		}
		columns = append(columns, column)
	}
	return map[string]any{"fields": fields, "columns": columns}
}

// iso is a time in seconds since 1970 as results have it.
func iso(seconds string) string {
	var s int64
	if _, err := fmt.Sscan(seconds, &s); err != nil {
		return seconds
	}
	return time.Unix(s, 0).UTC().Format("2006-01-02T15:04:05.000+00:00")
}

// stamp is a time as riskrelay writes it.
func stamp(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
