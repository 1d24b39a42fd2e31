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

// newJudge is kubeconform with the schemas of a version of Kubernetes, for the kinds among the documents.
func newJudge(t *testing.T, version string, documents []document) validator.Validator {
	t.Helper()
	dir := t.TempDir()
	kubernetesSchemas(t, version, documents, dir)
	customSchemas(t, documents, dir)
	judge, err := validator.New([]string{filepath.Join(dir, "{{.ResourceKind}}_{{.Group}}{{if ne .Group .ResourceAPIVersion}}_{{.ResourceAPIVersion}}{{end}}.json")},
		validator.Opts{Strict: true, KubernetesVersion: strings.TrimPrefix(version, "v")})
	if err != nil {
		t.Fatal(err)
	}
	return judge
}

// conform are the verdicts on what was rendered, one for each object.
func conform(t *testing.T, judge validator.Validator, rendered []byte) (verdicts []validator.Result) {
	t.Helper()
	for _, r := range judge.Validate("rendered", io.NopCloser(bytes.NewReader(rendered))) {
		if r.Status != validator.Empty { // before the first separator
			verdicts = append(verdicts, r)
		}
	}
	if objects := len(mustSplit(t, rendered)); len(verdicts) != objects {
		t.Fatalf("kubeconform saw %d of %d objects", len(verdicts), objects)
	}
	return verdicts
}

const everything = chart + "/ci/everything-values.yaml" // in which there is an object of each kind

// TestConform holds that each object is right by the schemas of Kubernetes and of the Prometheus Operator.
func TestConform(t *testing.T) {
	for _, version := range versions {
		judge := newJudge(t, version, mustSplit(t, mustRender(t, "--values", everything)))
		for name, values := range ways(t) {
			t.Run(name+" "+version, func(t *testing.T) {
				for _, r := range conform(t, judge, mustRender(t, "--values", values, "--kube-version", version)) {
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
	rendered := mustRender(t, "--values", everything)
	judge := newJudge(t, versions[0], mustSplit(t, rendered))
	for name, change := range map[string][2]string{
		"an unknown key":            {"podManagementPolicy:", "podManagmentPolicy:"},
		"an unknown key far inside": {"readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true"},
		"a wrong type":              {"replicas: 1", `replicas: "1"`},
		"a key that is missing":     {"  serviceName: \"siem-forwarder\"\n  pod", "  serviceNames: siem-forwarder\n  pod"},
		"a key of an operator":      {"path: /metrics", "paths: /metrics"},
		"a repeated key":            {"replicas: 1", "replicas: 1\n  replicas: 1"},
		"a kind without a schema":   {"kind: ConfigMap", "kind: ConfigMop"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(rendered), change[0], change[1], 1)
			if changed == string(rendered) {
				t.Fatalf("%q isn't there", change[0])
			}
			wrong := 0
			for _, r := range conform(t, judge, []byte(changed)) {
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
