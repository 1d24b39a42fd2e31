package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// gomod asks cyclonedx-gomod what programs were linked from. The same program in several artifacts is asked for once.
type gomod struct {
	version string
	known   map[string]*cdx.BOM // by the program's digest
}

// of returns what a file is made of: the modules of a Go program, what a bill of materials says, or nil.
func (g *gomod) of(f content) (*cdx.BOM, error) {
	if strings.HasSuffix(f.name, bomSuffix) {
		text, err := os.ReadFile(f.path)
		if err != nil {
			return nil, err
		}
		return decode(f.name, text)
	}
	if bom, ok := g.known[f.sum]; ok {
		return bom, nil
	}
	info, err := buildinfo.ReadFile(f.path)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // it isn't a program in Go: it is a file and no more
	}
	if err := os.Chmod(f.path, 0o755); err != nil { //nolint:gosec // `go version -m` reads executable files only
		return nil, err
	}
	// Licences are left out: it finds those of some modules only. THIRD-PARTY-NOTICES has them all.
	said, err := exec.Command("go", "tool", "cyclonedx-gomod", "bin", "-json", "-noserial", "-notimestamp", "-std", f.path).Output()
	if err != nil {
		return nil, fmt.Errorf("cyclonedx-gomod: %w%s", err, reason(err))
	}
	bom, err := decode(f.name, said)
	if err != nil {
		return nil, err
	}
	main := bom.Metadata.Component
	main.Version, main.PackageURL = g.version, "pkg:golang/"+info.Main.Path+"@v"+g.version
	g.known[f.sum] = bom
	return bom, nil
}

func decode(name string, text []byte) (*cdx.BOM, error) {
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		return nil, fmt.Errorf("the bill of materials of %s: %w", name, err)
	}
	return &bom, nil
}

// reason is what a program that failed wrote to its standard error.
func reason(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "\n" + string(exit.Stderr)
	}
	return ""
}
