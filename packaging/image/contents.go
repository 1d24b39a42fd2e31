package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
)

// bundleModule is where the certificate authorities come from.
const bundleModule = "golang.org/x/crypto/x509roots/fallback"

// component is a component of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), as far as it is used here.
type component struct {
	Type        string `json:"type"`
	Reference   string `json:"bom-ref"`
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
	PURL        string `json:"purl"`
}

// contents says in CycloneDX what the image holds beside the program, which says itself what it was linked from.
func (j job) contents(skipped int, zones string) ([]byte, error) {
	version, err := pinned(bundleModule)
	if err != nil {
		return nil, err
	}
	authorities, database := "pkg:golang/"+bundleModule+"@"+version, "pkg:generic/tzdata@"+zones
	bom := struct {
		Format      string      `json:"bomFormat"`
		SpecVersion string      `json:"specVersion"`
		Version     int         `json:"version"`
		Components  []component `json:"components"`
	}{"CycloneDX", "1.6", 1, []component{
		{"data", authorities, "Mozilla's certificate authorities", version, fmt.Sprintf("/etc/ssl/certs/ca-certificates.crt; %d that are trusted only in part are left out", skipped), authorities},
		{"data", database, "IANA's time zones", zones, "/usr/share/zoneinfo, from lib/time/zoneinfo.zip of Go", database},
	}}
	text, err := json.MarshalIndent(bom, "", "  ")
	return append(text, '\n'), err
}

// pinned returns the version of the module that this program was linked with.
func pinned(module string) (string, error) {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == module {
				return m.Version, nil
			}
		}
	}
	return "", fmt.Errorf("this program doesn't say which version of %s it was built with: build it with Go's modules", module)
}
