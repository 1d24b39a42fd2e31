package config

import (
	"errors"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// misspelt is the errors about tables that there aren't and whose names are nearly those of others: a query for one would wait for its
// first row for ever. Each begins with the key.
func misspelt(tables []loganalytics.Table) error {
	var errs []error
	for i, t := range tables {
		if schema.Exists(t.Name) || schema.ChosenName(t.Name) {
			continue
		}
		if near := diag.Misspelt(t.Name, schema.AllNames()); near != "" {
			errs = append(errs, fmt.Errorf("tables[%d].name: there is no table %s: did you mean %s?", i, t.Name, near))
		}
	}
	return errors.Join(errs...)
}
