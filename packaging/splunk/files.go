package splunk

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed dashboards/*.json
var dashboards embed.FS

// made stands at the beginning of each .conf file that is written.
const made = "# Written by `make generate` in the source of riskrelay: to change it for yourself, use local/.\n"

// Files are the contents of the files that are written, by their paths in this folder.
func Files(ctx context.Context) (map[string][]byte, error) {
	c, err := readCIM(cimText)
	if err != nil {
		return nil, err
	}
	table, err := c.markdown()
	if err != nil {
		return nil, err
	}
	rules, err := rulesCSV(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{
		"CIM.md":                                []byte(table),
		"riskrelay/default/props.conf":          []byte(props(c)),
		"riskrelay/lookups/riskrelay_rules.csv": rules,
	}
	for name, size := range map[string]int{"appIcon.png": 36, "appIcon_2x.png": 72, "appIconAlt.png": 36, "appIconAlt_2x.png": 72} {
		if all["riskrelay/static/"+name], err = icon(size); err != nil {
			return nil, err
		}
	}
	return all, addViews(all)
}

// addViews adds a view for each dashboard.
func addViews(all map[string][]byte) error {
	names, err := dashboards.ReadDir("dashboards")
	if err != nil {
		return err
	}
	for _, entry := range names {
		text, err := dashboards.ReadFile("dashboards/" + entry.Name())
		if err != nil {
			return err
		}
		view, err := view(text)
		if err != nil {
			return fmt.Errorf("dashboards/%s: %w", entry.Name(), err)
		}
		all[path.Join("riskrelay/default/data/ui/views", strings.TrimSuffix(entry.Name(), ".json")+".xml")] = view
	}
	return nil
}

// view is a dashboard as a file of views/: https://help.splunk.com/en/splunk-enterprise/create-dashboards-and-reports/dashboard-studio
func view(definition []byte) ([]byte, error) {
	var about struct{ Title, Description string }
	if err := json.Unmarshal(definition, &about); err != nil {
		return nil, err
	}
	if bytes.Contains(definition, []byte("]]>")) {
		return nil, fmt.Errorf("it holds ]]>, which ends CDATA")
	}
	return fmt.Appendf(nil, "<dashboard version=\"2\" theme=\"light\">\n  <label>riskrelay: %s</label>\n  <description>%s</description>\n  <definition><![CDATA[\n%s]]></definition>\n</dashboard>\n",
		about.Title, about.Description, definition), nil
}
