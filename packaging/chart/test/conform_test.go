package test

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yannh/kubeconform/pkg/validator"
)

// versions are those of Kubernetes whose schemas judge.
var versions = []string{"v1.36.3", "v1.37.2"}

// conform judges by the schemas of a version of Kubernetes, which must know each document's kind.
func conform(t *testing.T, version string, rendered []byte) []validator.Result {
	t.Helper()
	documents, dir := mustSplit(t, rendered), t.TempDir()
	kubernetesSchemas(t, version, documents, dir)
	customSchemas(t, documents, dir)
	judge, err := validator.New([]string{filepath.Join(dir, "{{.ResourceKind}}_{{.Group}}{{if ne .Group .ResourceAPIVersion}}_{{.ResourceAPIVersion}}{{end}}.json")},
		validator.Opts{Strict: true, KubernetesVersion: strings.TrimPrefix(version, "v")})
	if err != nil {
		t.Fatal(err)
	}
	var results []validator.Result
	for _, r := range judge.Validate("rendered", io.NopCloser(bytes.NewReader(rendered))) {
		if r.Status != validator.Empty { // before the first separator
			results = append(results, r)
		}
	}
	if len(results) != len(documents) {
		t.Fatalf("kubeconform saw %d of %d objects", len(results), len(documents))
	}
	return results
}

// TestConform holds that each object is right by the schemas of Kubernetes and of the Prometheus Operator.
func TestConform(t *testing.T) {
	for name, values := range ways(t) {
		for _, version := range versions {
			t.Run(name+" "+version, func(t *testing.T) {
				for _, r := range conform(t, version, mustRender(t, "--values", values, "--kube-version", version)) {
					if r.Status != validator.Valid {
						t.Errorf("%s\n%v", r.Resource.Bytes, r.Err)
					}
				}
			})
		}
	}
}

// TestConformRefuses holds that the judge refuses what is wrong, in objects of Kubernetes and of the Prometheus Operator.
func TestConformRefuses(t *testing.T) {
	rendered := string(mustRender(t, "--values", filepath.Join(chart, "ci/everything-values.yaml")))
	for name, change := range map[string][2]string{
		"an unknown key":            {"podManagementPolicy:", "podManagmentPolicy:"},
		"an unknown key far inside": {"readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true"},
		"a wrong type":              {"replicas: 1", `replicas: "1"`},
		"a key that is missing":     {"serviceAccountName: siem\n", "serviceAccountName: siem\n      containers: null\n"},
		"a key of an operator":      {"path: /metrics", "paths: /metrics"},
		"a repeated key":            {"replicas: 1", "replicas: 1\n  replicas: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(rendered, change[0], change[1], 1)
			if changed == rendered {
				t.Fatalf("%q isn't there", change[0])
			}
			wrong := 0
			for _, r := range conform(t, versions[0], []byte(changed)) {
				if r.Status == validator.Invalid || r.Status == validator.Error {
					wrong++
				}
			}
			if wrong != 1 {
				t.Errorf("%d objects were refused, not the one", wrong)
			}
		})
	}
}
