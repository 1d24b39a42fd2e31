package ruleset

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// TestWithoutTests holds that embedded packs without their tests are the same but for the tests, place by place.
func TestWithoutTests(t *testing.T) {
	whole, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	config, err := Load(Options{Builtin: true})
	if err != nil || len(config.Files) != len(whole) {
		t.Fatal(len(config.Files), err)
	}
	all := cmp.Exporter(func(reflect.Type) bool { return true })
	butSource := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".source" }, cmp.Ignore()) // the file's text
	tests, bytes, left := 0, 0, 0
	for i, f := range whole {
		bytes, left = bytes+len(f.Data), left+len(config.Files[i].Data)
		want, problems := rulefile.Parse(f.Name, f.Data)
		got, others := rulefile.Parse(config.Files[i].Name, config.Files[i].Data)
		if len(problems)+len(others) > 0 {
			t.Fatal(problems, others)
		}
		for j := range want.Rules {
			tests += len(want.Rules[j].Tests)
			want.Rules[j].Tests = nil
		}
		if diff := cmp.Diff(want, got, all, butSource); diff != "" {
			t.Errorf("%s differs (-with tests +without):\n%s", f.Name, diff)
		}
	}
	if tests == 0 || left > bytes/2 {
		t.Errorf("%d tests, %d bytes with them and %d without", tests, bytes, left)
	}
	kept, err := Load(Options{Builtin: true, Tests: true})
	if err != nil || !reflect.DeepEqual(whole, kept.Files[:len(whole)]) {
		t.Errorf("the tests were asked for: %v", err)
	}
}
