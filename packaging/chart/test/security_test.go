package test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/pod-security-admission/admission"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// restricted judges the pods that documents hold by Pod Security "restricted" of Kubernetes 1.37, after they were decoded strictly. It
// returns for each pod, also of a StatefulSet's template, what is forbidden, "" for nothing.
func restricted(t *testing.T, documents []document) (verdicts map[string]string, err error) {
	t.Helper()
	version := api.MajorMinorVersion(1, 37)
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), &version)
	if err != nil {
		t.Fatal(err)
	}
	verdicts = map[string]string{}
	for _, d := range documents {
		object, err := decode(d)
		if errors.Is(err, errOther) {
			continue // an operator's kind, which kubeconform judges
		}
		if err != nil {
			return nil, err
		}
		metadata, spec, err := admission.DefaultPodSpecExtractor{}.ExtractPodSpec(object)
		if err != nil || spec == nil {
			continue // it has no pod
		}
		results := judge.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: version}, metadata, spec)
		if len(results) < len(policy.DefaultChecks())/2 { // those of restricted replace some of baseline
			t.Fatalf("only %d checks of %s", len(results), d.Kind)
		}
		verdict := policy.AggregateCheckResults(results)
		verdicts[d.Kind] = verdict.ForbiddenDetail()
	}
	return verdicts, nil
}

// TestRestricted holds that all pods meet Pod Security "restricted", in each way to run the chart.
func TestRestricted(t *testing.T) {
	for name, values := range ways(t) {
		t.Run(name, func(t *testing.T) {
			verdicts, err := restricted(t, mustSplit(t, mustRender(t, "--values", values)))
			if err != nil {
				t.Fatal(err)
			}
			if len(verdicts) != 2 {
				t.Errorf("judged were %v, not the StatefulSet and the Pod of helm test", verdicts)
			}
			for kind, verdict := range verdicts {
				if verdict != "" {
					t.Errorf("%s: %s", kind, verdict)
				}
			}
		})
	}
}

// TestRestrictedRefuses holds that the judge, and the decoding before it, refuse what is wrong.
func TestRestrictedRefuses(t *testing.T) {
	values := filepath.Join(chart, "ci/hec-client-secret-values.yaml")
	for set, want := range map[string]string{
		"securityContext.privileged=true":                                   "privileged",
		"securityContext.allowPrivilegeEscalation=true":                     "allowPrivilegeEscalation != false",
		"securityContext.capabilities=null":                                 "unrestricted capabilities",
		"podSecurityContext.runAsUser=0":                                    "runAsUser=0",
		"podSecurityContext.seccompProfile.type=Unconfined":                 "seccompProfile",
		"extraVolumes[0].name=disk,extraVolumes[0].hostPath.path=/":         "restricted volume types",
		"initContainers[0].name=modules,initContainers[0].image=modules:1":  "unrestricted capabilities",
		"securityContext.readOnlyRootFileSystem=true":                       `unknown field "spec.`,
		"extraEnv[0].name=A,extraEnv[0].valueForm.secretKeyRef.name=splunk": `unknown field "spec.`,
	} {
		t.Run(set, func(t *testing.T) {
			verdicts, err := restricted(t, mustSplit(t, mustRender(t, "--values", values, "--set", set)))
			if err != nil {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v; want %q", err, want)
				}
				return
			}
			for _, kind := range []string{"StatefulSet", "Pod"} {
				if !strings.Contains(verdicts[kind], want) {
					t.Errorf("%s: %q; want %q", kind, verdicts[kind], want)
				}
			}
		})
	}
	_, err := restricted(t, []document{{Kind: "Service", text: []byte("apiVersion: v1\nkind: Service\nkind: Service\n")}})
	if err == nil {
		t.Error("a repeated key is taken")
	}
}
