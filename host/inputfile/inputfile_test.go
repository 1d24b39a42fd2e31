package inputfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"small": "hello", "exact": strings.Repeat("x", 10), "large": strings.Repeat("x", 11)} {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"link": "small", "device": os.DevNull, "nowhere": "missing"} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, want string
		wrong      error
	}{
		{name: "small", want: "hello"},
		{name: "link", want: "hello"},
		{name: "exact", want: "xxxxxxxxxx"},
		{name: "large", wrong: inputfile.TooLargeError{Max: 10}},
		{name: "device", wrong: inputfile.ErrNotRegular},
		{name: ".", wrong: inputfile.ErrNotRegular},
		{name: "nowhere", wrong: fs.ErrNotExist},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := inputfile.Read(at(test.name), 10)
			if string(got) != test.want || !errors.Is(err, test.wrong) {
				t.Errorf("Read gave %q and %v, not %q and %v", got, err, test.want, test.wrong)
			}
			if path := (*fs.PathError)(nil); test.wrong != nil && (!errors.As(err, &path) || path.Path != at(test.name)) {
				t.Errorf("the error %v doesn't name %s", err, at(test.name))
			}
		})
	}
}
