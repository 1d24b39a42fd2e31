package host_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/riskrelay/riskrelay/"

// layer is what a package may import of ours. Packages are named without the module's path; "x/..." is x and all
// below it. The first line that matches counts.
type layer struct {
	pkg  string
	ours []string
}

// The arrows of the architecture: they point at enrich.
func layers() []layer {
	return []layer{
		{"enrich", nil},
		{"enrich/schema", []string{"enrich"}},
		{"enrich/shape", []string{"enrich", "enrich/schema"}},
		{"enrich/diag", []string{"enrich"}},
		{"enrich/rulefile", []string{"enrich", "enrich/diag"}},
		{"enrich/celrule/celval", []string{"enrich"}},
		{"enrich/celrule/event", []string{"enrich", "enrich/schema", "enrich/diag", "enrich/rulefile", "enrich/celrule/celval"}},
		{"enrich/celrule/compile", []string{"enrich", "enrich/schema", "enrich/diag", "enrich/rulefile", "enrich/celrule/celval", "enrich/celrule/event"}},
		{"enrich/celrule/index", []string{"enrich", "enrich/schema", "enrich/celrule/celval", "enrich/celrule/event", "enrich/celrule/compile"}},
		{"enrich/celrule/celruletest", []string{"enrich"}},
		{"enrich/celrule", []string{"enrich", "enrich/diag", "enrich/rulefile", "enrich/celrule/celval", "enrich/celrule/event", "enrich/celrule/compile", "enrich/celrule/index"}},
		{"enrich/ruletest", []string{"enrich", "enrich/schema", "enrich/shape", "enrich/diag", "enrich/rulefile"}},
		{"rules", nil},
		{"plugin/example/...", []string{"plugin", "enrich"}},
		{"plugin/fence", nil},
		{"plugin/backoff", nil},
		{"plugin/...", []string{"plugin/...", "enrich"}},
		{"host/durable", nil},
		{"host/failpoint", nil},
		{"host/inputfile", nil},
		{"host/memory", nil},
		{"host/ownership", nil},
		{"host/pipeline", []string{"host/failpoint", "enrich", "plugin/backoff"}},
		{"host/ledger", []string{"host/pipeline"}},
		{"host/ledger/ledgertest", []string{"host/pipeline", "host/ledger"}},
		{"host/ledger/boltstore", []string{"host/durable", "host/failpoint", "host/ledger"}},
		{"host/secret", []string{"host/inputfile", "host/ownership"}},
		{"host/azure/...", []string{"host/checkup", "host/inputfile", "host/secret"}},
		{"host/checkup", []string{"enrich"}},
		{"host/graph/...", []string{"host/azure", "host/checkup", "host/secret", "plugin/backoff"}},
		{"host/module/directory", []string{"host/graph/...", "host/secret", "enrich", "plugin/backoff"}},
		{"host/source/followup", []string{"host/ledger", "host/pipeline", "enrich", "enrich/schema"}},
		{"host/source/graph", []string{"host/graph", "host/ledger", "host/pipeline", "enrich", "enrich/schema"}},
		{"host/source/...", []string{"host/source/...", "host/azure", "host/checkup", "host/graph/...", "host/pipeline", "enrich", "enrich/schema", "enrich/shape", "plugin/backoff"}},
		{"host/sink/...", []string{"host/sink/...", "host/checkup", "host/durable", "host/failpoint", "host/inputfile", "host/pipeline", "host/secret", "enrich", "enrich/schema", "enrich/shape", "plugin/backoff"}},
		{"host/module/dns/...", []string{"host/inputfile", "host/module/dns/...", "enrich"}},
		{"host/ruleset", []string{"host/inputfile", "enrich", "enrich/diag", "enrich/rulefile", "rules"}},
		{"host/reload", nil},
		{"host/systemd", nil},
		{"host/modularinput", []string{"enrich/diag"}},
		{"host/deadletter", []string{"host/durable", "host/pipeline", "host/sink/eventjson", "enrich", "enrich/schema"}},
		{"host/proof", []string{"host/pipeline", "host/ledger", "enrich"}},
		{"host/admin", []string{"host/pipeline", "host/proof", "enrich"}},
		{"host/config", []string{"host/inputfile", "host/ruleset", "host/secret", "host/sink/...", "host/source/...", "host/module/...", "host/graph", "enrich/diag", "enrich/rulefile", "enrich/schema"}},
		{"host/rulehost", []string{
			"host/admin", "host/config", "host/failpoint", "host/ledger", "host/module/...", "host/ownership", "host/pipeline", "host/reload", "host/ruleset", "host/secret", "host/source/followup",
			"enrich", "enrich/celrule", "enrich/rulefile", "enrich/ruletest", "plugin", "plugin/backoff", "plugin/fence",
		}},
		{"host/view", []string{
			"host/admin", "host/checkup", "host/config", "host/deadletter", "host/pipeline", "host/proof", "host/rulehost",
			"enrich", "enrich/celrule", "enrich/diag", "enrich/rulefile", "enrich/schema", "rules",
		}},
		{"host/rulebench", []string{"host/sink/splunkhec", "host/source/...", "enrich", "enrich/celrule", "enrich/celrule/celruletest"}},
		{"host/e2e/leaky", []string{"plugin", "enrich"}},
		{"host/e2e/...", []string{"host/...", "enrich", "enrich/celrule", "enrich/diag", "enrich/rulefile", "enrich/ruletest", "enrich/schema"}},
		{"host", []string{
			"host/admin", "host/config", "host/checkup", "host/deadletter", "host/durable", "host/graph", "host/ledger/...", "host/module/directory", "host/ownership", "host/pipeline",
			"host/proof", "host/rulehost", "host/secret", "host/sink/...", "host/source/...", "host/systemd",
			"enrich", "enrich/diag", "enrich/schema", "plugin/backoff",
		}},
		{"packaging/siem", []string{"host/ruleset", "enrich", "enrich/celrule", "enrich/schema"}},
		{"packaging/splunk/conf", nil},
		{"packaging/splunk/spl", nil},
		{"packaging/splunk/replay", []string{"packaging/splunk/conf", "packaging/splunk/spl"}},
		{"packaging/splunk/replay/read", []string{"packaging/splunk/replay"}},
		{"packaging/splunk/pictures/fill", []string{"packaging/splunk/replay"}},
		{"packaging/splunk/generate", []string{"packaging/splunk"}},
		{"packaging/splunk", []string{"host/ruleset", "enrich/celrule", "enrich/rulefile", "enrich/schema", "enrich/shape"}},
		{"packaging/test/...", []string{"host/sink/splunkhec/hectest", "host/source/loganalyticstest"}},
		{"host/cmd/riskrelay", []string{"host/...", "enrich", "enrich/celrule", "enrich/diag", "enrich/rulefile", "enrich/ruletest", "enrich/schema", "enrich/shape", "plugin", "plugin/fence", "rules"}},
	}
}

// doors are the heavy dependencies, and what stands for one, and the one place where each may be imported.
func doors() map[string][]string {
	return map[string][]string{
		"github.com/Azure/azure-sdk-for-go/sdk/azcore":     {"host/azure", "host/graph", "host/source/loganalytics"},
		"github.com/Azure/azure-sdk-for-go/sdk/azidentity": {"host/azure"},
		"github.com/Azure/azure-sdk-for-go/sdk/monitor":    {"host/source/loganalytics"},
		"github.com/google/cel-go":                         {"enrich/celrule", "enrich/celrule/celval", "enrich/celrule/event", "enrich/celrule/compile", "enrich/celrule/index"},
		"github.com/hashicorp/go-plugin":                   {"plugin"},
		"github.com/landlock-lsm/go-landlock":              {"plugin/fence"},
		"github.com/elastic/go-seccomp-bpf":                {"plugin/fence"},
		"google.golang.org/grpc":                           {"plugin", "plugin/proto/rulemodule/v1"},
		"go.etcd.io/bbolt":                                 {"host/ledger/boltstore"},
		module + "host/ledger/boltstore":                   {"host"},
		"github.com/fsnotify/":                             {"host/reload"},
		"github.com/KimMachineGun/automemlimit":            {"host/memory"},
		"github.com/prometheus/":                           {"host/admin"},
		"go.mau.fi/util":                                   {"enrich/celrule/event"},
		"github.com/miekg/dns":                             {"host/module/dns", "host/module/dns/dnstest"},
	}
}

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) (list []pkg) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func matches(pattern, name string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == base || strings.HasPrefix(name, base+"/")
	}
	return pattern == name
}

// TestImports holds the table of who may import whom.
func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		at := slices.IndexFunc(layers(), func(l layer) bool { return matches(l.pkg, name) })
		if at < 0 {
			t.Errorf("%s has no place in the table of layers", name)
			continue
		}
		for _, i := range p.Imports {
			for door, rooms := range doors() {
				if strings.HasPrefix(i, door) && !slices.Contains(rooms, name) {
					t.Errorf("%s imports %s, whose door is %v", name, i, rooms)
				}
			}
			if ours, ok := strings.CutPrefix(i, module); ok {
				allowed := slices.ContainsFunc(layers()[at].ours, func(pattern string) bool { return matches(pattern, ours) })
				if !allowed {
					t.Errorf("%s imports %s", name, ours)
				}
				continue
			}
			if name == "enrich" && strings.Contains(i, ".") {
				t.Errorf("enrich imports %s: it is for the standard library only", i)
			}
		}
	}
}
