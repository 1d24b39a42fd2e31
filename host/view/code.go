package view

import (
	"fmt"
	"slices"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
)

// Codes are the codes of rule files and of the configuration.
func Codes() []diag.Code { return append(rulefile.Codes(), config.Codes()...) }

// CodeByName is the documentation of a code of rule files or of the configuration; false when there is no such code.
func CodeByName(code string) (diag.Code, bool) {
	all := Codes()
	if i := slices.IndexFunc(all, func(c diag.Code) bool { return c.Code == code }); i >= 0 {
		return all[i], true
	}
	return diag.Code{}, false
}

// Code is what there is to say about a problem code, for people.
func Code(c diag.Code) string {
	return fmt.Sprintf("%s (%s): %s\n\n%s\n\nFor example:\n%s\n\n%s\n", c.Code, c.Severity, c.Title, c.Explanation, indented(c.Example), c.Fix)
}
