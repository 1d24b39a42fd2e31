package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// bomSuffix is behind an artifact's name for its bill of materials, as https://cyclonedx.org/specification/overview recommends.
const bomSuffix = ".cdx.json"

// writeBOMs writes the bill of materials of each artifact in dir beside it. Its time is that of the commit, in seconds since 1970.
func writeBOMs(dir, version, seconds string) error {
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return configError{fmt.Errorf("SOURCE_DATE_EPOCH must be the commit's time in seconds since 1970: %w", err)}
	}
	names, err := released(dir)
	if err != nil {
		return err
	}
	g := gomod{version: version, known: map[string]*cdx.BOM{}}
	for _, name := range names {
		if strings.HasSuffix(name, bomSuffix) {
			continue
		}
		b, err := newBill(filepath.Join(dir, name), version, time.Unix(unix, 0).UTC())
		if err == nil {
			err = b.fill(filepath.Join(dir, name), &g)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := b.write(filepath.Join(dir, name+bomSuffix)); err != nil {
			return err
		}
	}
	return nil
}

// bill is a bill of materials in the making.
type bill struct {
	artifact   cdx.Component
	time       time.Time
	tools      []cdx.Component
	components map[string]cdx.Component // by bom-ref
	depends    map[string][]string      // bom-refs of what a bom-ref depends on
}

func newBill(path, version string, at time.Time) (*bill, error) {
	sum, err := digest(path)
	if err != nil {
		return nil, err
	}
	return &bill{
		artifact: cdx.Component{
			BOMRef: "artifact", Type: cdx.ComponentTypeApplication, Name: filepath.Base(path), Version: version,
			Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: sum}},
		},
		time:       at,
		components: map[string]cdx.Component{},
		depends:    map[string][]string{},
	}, nil
}

// fill adds all files of the artifact, what the programs among them were linked from, and what bills of materials among them say.
func (b *bill) fill(path string, g *gomod) error {
	work, err := os.MkdirTemp("", "riskrelay-sbom-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a folder for temporary files that stays behind does no harm
	files, err := unpack(path, work)
	if err != nil {
		return err
	}
	for _, f := range files {
		ref := "file:" + f.name
		b.depends[b.artifact.BOMRef] = append(b.depends[b.artifact.BOMRef], ref)
		component := cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeFile, Name: f.name, Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: f.sum}}}
		inner, err := g.of(f)
		if err != nil {
			return err
		}
		if inner != nil {
			b.take(&component, inner)
		}
		b.components[ref] = component
	}
	return nil
}

// take adds the components of the bill that belongs to a file: what its program was linked from, or what it says itself.
func (b *bill) take(file *cdx.Component, inner *cdx.BOM) {
	if inner.Metadata != nil && inner.Metadata.Component != nil {
		program := inner.Metadata.Component
		file.Type, file.Version, file.PackageURL = cdx.ComponentTypeApplication, program.Version, program.PackageURL
		b.tools = tools(inner)
	}
	for _, c := range deref(inner.Components) {
		b.components[c.BOMRef] = c
		b.depends[file.BOMRef] = append(b.depends[file.BOMRef], c.BOMRef)
	}
}

// tools are the tools that made a bill, without the digests of what they were on this machine.
func tools(bom *cdx.BOM) (all []cdx.Component) {
	if bom.Metadata.Tools == nil {
		return nil
	}
	for _, t := range deref(bom.Metadata.Tools.Tools) {
		all = append(all, cdx.Component{Type: cdx.ComponentTypeApplication, Publisher: t.Vendor, Name: t.Name, Version: t.Version})
	}
	return all
}

func deref[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}

// write writes the bill in an order of its own. Its serial number follows from the artifact's bytes.
func (b *bill) write(path string) error {
	sum, err := hex.DecodeString((*b.artifact.Hashes)[0].Value)
	if err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("%s has no digest", b.artifact.Name)
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, sum).URN()
	bom.Metadata = &cdx.Metadata{Timestamp: b.time.Format(time.RFC3339), Component: &b.artifact}
	if len(b.tools) > 0 {
		bom.Metadata.Tools = &cdx.ToolsChoice{Components: &b.tools}
	}
	bom.Components, bom.Dependencies = &[]cdx.Component{}, &[]cdx.Dependency{}
	for _, c := range b.components {
		*bom.Components = append(*bom.Components, c)
	}
	slices.SortFunc(*bom.Components, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	for ref, on := range b.depends {
		slices.Sort(on)
		*bom.Dependencies = append(*bom.Dependencies, cdx.Dependency{Ref: ref, Dependencies: &on})
	}
	slices.SortFunc(*bom.Dependencies, func(a, b cdx.Dependency) int { return strings.Compare(a.Ref, b.Ref) })
	var text bytes.Buffer
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return err
	}
	return write(path, text.Bytes())
}
