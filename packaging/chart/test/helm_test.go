package test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	chart   = "../riskrelay"
	product = "../../.."
)

// TestMain removes what tests leave in the folder for temporary files, such as the programs that all of them use.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "chart")
	if err == nil {
		err = os.Setenv("TMPDIR", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// ways are the values files of the ways to run riskrelay, by name.
func ways(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chart, "ci", "*-values.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no values files", err)
	}
	named := map[string]string{"nothing set": filepath.Join(chart, "values.yaml")}
	for _, file := range files {
		named[strings.TrimSuffix(filepath.Base(file), "-values.yaml")] = file
	}
	return named
}

// tool is where a program that go.mod names as a tool was built.
func tool(name string) (string, error) {
	out, err := exec.Command("go", "tool", "-n", name).Output()
	return strings.TrimSpace(string(out)), err
}

var helmPath = sync.OnceValues(func() (string, error) { return tool("helm") })

// helm runs Helm, which knows no cluster and no configuration, and returns what it prints. The error holds what it says about failing.
func helm(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	path, err := helmPath()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	command := exec.CommandContext(t.Context(), path, args...)
	command.Env = []string{"HOME=" + home, "KUBECONFIG=" + filepath.Join(home, "none"), "PATH=" + os.Getenv("PATH")}
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("helm %s: %w\n%s%s", strings.Join(args, " "), err, &out, &errs)
	}
	return out.Bytes(), nil
}

// render is what Helm makes of the chart, as release siem in the namespace security.
func render(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	return helm(t, append([]string{"template", "siem", chart, "--namespace", "security", "--kube-version", versions[0]}, args...)...)
}

// mustRender is render for values that are right.
func mustRender(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := render(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLint holds that Helm finds nothing to complain of in any way to run the chart.
func TestLint(t *testing.T) {
	for name, values := range ways(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := helm(t, "lint", "--strict", "--kube-version", versions[0], "--values", values, chart); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRefused holds that values which are wrong are refused, with a reason that tells what to do.
func TestRefused(t *testing.T) {
	for name, test := range map[string]struct{ set, want string }{
		"a key that isn't there":   {"persistance.enabled=false", "'persistance' not allowed"},
		"two pods":                 {"replicas=2", "'replicas' not allowed"},
		"a password in values":     {"secrets.hec-token=hush", "at '/secrets/hec-token': got string, want object"},
		"a key of a secret":        {"secrets.hec-token.name=splunk", "missing property 'key'"},
		"a name in a folder":       {"secrets.a/b.name=splunk,secrets.a/b.key=token", "'a/b' does not match pattern"},
		"an identity without a id": {"workloadIdentity.enabled=true", "minLength: got 0, want 1"},
		"the chart's own key":      {"config.data_dir=/data", "config.data_dir is the chart's: leave it out"},
		"the chart's own time":     {"config.drain=1m", "drainSeconds says how long"},
		"the chart's own address":  {"config.metrics.listen=:1", "metrics.port says which port"},
		"two files of one key":     {"rules.a/b\\.yaml=x,rules.a__b\\.yaml=y", `rules: "a/b.yaml" and "a__b.yaml" are the same key "a__b.yaml" of a ConfigMap: rename one of them`},
		"a path that leads out":    {"tuning.\\.\\./x\\.yaml=x", `tuning: "../x.yaml" can't be a path in a ConfigMap`},
		"a path from the root":     {"context./x\\.yaml=x", `context: "/x.yaml" can't be a path in a ConfigMap`},
		"a name of the kubelet's":  {"rules.\\.\\.data=x", `rules: "..data" can't be a path`},
		"a name with a space":      {"rules.a b\\.yaml=x", `rules: "a b.yaml" can't be a path`},
		"a folder of conf.d":       {"dropIns.a/b\\.yaml=x", `dropIns: "a/b.yaml" isn't read`},
		"a name with a dot":        {"fullnameOverride=siem.prod", "'siem.prod' does not match pattern"},
		"a name with capitals":     {"nameOverride=Riskrelay", "'Riskrelay' does not match pattern"},
		"a class that is no name":  {"persistence.storageClass=-", "'-' does not match pattern"},
		"a path for a list":        {"config.rules.paths=/more", "at '/config/rules/paths': got string, want array"},
		"a host for a list":        {"config.metrics.hosts=siem", "at '/config/metrics/hosts': got string, want array"},
		"a group without a value":  {"persistence=null", "missing property 'persistence'"},
		"a port without a value":   {"metrics.port=null", "at '/metrics': missing property 'port'"},
		"a drop-in by another end": {"dropIns.a\\.yml=x", `dropIns: "a.yml" isn't read`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := render(t, "--set", test.set); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

// TestChartFiles holds that files of the chart's own folders are taken beside those of values, and that one isn't lost to another.
func TestChartFiles(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "riskrelay")
	if err := os.CopyFS(copied, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"rules/team/a.yaml": "in a folder", "rules/b.yaml": "beside", "dropIns/c.yaml": "log: {}"} {
		path := filepath.Join(copied, "files", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := helm(t, "template", "siem", copied, "--kube-version", versions[0], "--set", "rules.own\\.yaml=of values")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"team__a.yaml: in a folder", "b.yaml: beside", "conf.d__c.yaml: 'log: {}'", "own.yaml: of values", "path: team/a.yaml"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%q isn't in\n%s", want, out)
		}
	}
	if _, err := helm(t, "template", "siem", copied, "--kube-version", versions[0], "--set", "rules.team/a\\.yaml=x"); err == nil ||
		!strings.Contains(err.Error(), `"team/a.yaml" and "team/a.yaml" are the same key`) {
		t.Errorf("a file of values and one of the chart: %v", err)
	}
}

// TestEmptied holds that keys below which nothing is left, as when all that stood there was commented out, count as empty: Helm drops
// such keys together with their defaults.
func TestEmptied(t *testing.T) {
	for _, key := range []string{
		"config", "dropIns", "rules", "tuning", "context", "secrets", "commonLabels", "podLabels", "podAnnotations", "extraEnv", "extraVolumes",
		"extraVolumeMounts", "initContainers", "imagePullSecrets", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints",
		"serviceAccount.annotations", "serviceMonitor.labels", "prometheusRule.labels", "prometheusRule.without", "networkPolicy.sinks",
		"resources.limits", "podSecurityContext.runAsUser",
	} {
		t.Run(key, func(t *testing.T) {
			out := mustRender(t, "--set", "serviceMonitor.enabled=true,prometheusRule.enabled=true,networkPolicy.enabled=true", "--set", key+"=null")
			if want := "kind: StatefulSet"; !bytes.Contains(out, []byte(want)) {
				t.Errorf("no %q in\n%s", want, out)
			}
		})
	}
}

// TestReleaseNameDigit holds that a release whose name can't begin a service's says what to set, and that it is enough.
func TestReleaseNameDigit(t *testing.T) {
	template := []string{"template", "1st", chart, "--kube-version", versions[0]}
	if _, err := helm(t, template...); err == nil || !strings.Contains(err.Error(), `"1st-riskrelay" doesn't: set fullnameOverride`) {
		t.Error(err)
	}
	if _, err := helm(t, append(template, "--set", "fullnameOverride=first")...); err != nil {
		t.Error(err)
	}
}
