package ruleset

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/rules"
)

// Open returns the content of a file that stands beside the rule files of [Load], by the name that it has there: names
// that begin with [rulefile.BuiltinPrefix] are embedded, all others are on the disk.
func Open(name string) ([]byte, error) {
	var data []byte
	var err error
	if inside, ok := strings.CutPrefix(name, rulefile.BuiltinPrefix); ok {
		data, err = fs.ReadFile(rules.FS, inside)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read beside the rules: %w", err)
	}
	return data, nil
}
