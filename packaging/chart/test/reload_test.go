package test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// rulePack is a rule file whose one rule matches everything.
func rulePack(id string) string {
	return fmt.Sprintf("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: %[1]s, version: 1.0.0}\n"+
		"rules:\n  - {id: %[1]s.rule, title: A test, tables: [AuditLogs], when: event.Category == \"Test\", severity: high, message: seen}\n", id)
}

// TestReload holds that a pod whose ConfigMap changes tags by the new rules, without a new pod: the kubelet swaps a link, riskrelay
// notices, and the next row goes out with the new rule's tag.
func TestReload(t *testing.T) {
	for name, test := range map[string]struct{ before, after map[string]string }{
		"another text of a file in a folder": {
			map[string]string{"team/rules.yaml": rulePack("old"), "team/list.txt": "ann"},
			map[string]string{"team/rules.yaml": rulePack("new"), "team/list.txt": "ann"},
		},
		"one file more": {
			map[string]string{"old.yaml": rulePack("old")},
			map[string]string{"old.yaml": rulePack("old"), "new.yaml": rulePack("new")},
		},
		"the first file": {nil, map[string]string{"new.yaml": rulePack("new")}},
		"another name": {
			map[string]string{"old.yaml": rulePack("old")},
			map[string]string{"new.yaml": rulePack("new")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := listen(t)
			before, after := releases(t, collector, test.before, test.after)
			p := newPod(t, before, nil)
			rows := pipe(p)
			log := start(t, p)
			p.update("rules", after)
			await(t, log, "rules reloaded: their files changed")
			_, err := rows.WriteString(`{"Type":"AuditLogs","TimeGenerated":"2026-01-02T03:04:05Z","Category":"Test"}` + "\n")
			p.node.must(err)
			if event := received(t, collector); !strings.Contains(event, "new.rule") {
				t.Errorf("the event has no tag of the new rule: %s", event)
			}
		})
	}
}

// pipe makes the named pipe of rows that the pod reads. It is open for reading, too, so that nobody waits for the other end.
func pipe(p *pod) *os.File {
	p.t.Helper()
	name := filepath.Join(p.node.folder("rows"), "pipe")
	p.node.must(syscall.Mkfifo(name, 0o666))
	p.node.must(os.Chmod(name, 0o666))
	rows, err := os.OpenFile(name, os.O_RDWR, 0)
	p.node.must(err)
	p.t.Cleanup(func() { rows.Close() })
	return rows
}

// releases are what is rendered before and after a change of rules, of which the StatefulSet must know nothing.
func releases(t *testing.T, collector net.Listener, rules ...map[string]string) (before, after []document) {
	t.Helper()
	var all [2][]document
	var sets [2]*appsv1.StatefulSet
	port := free(t)
	for i, files := range rules {
		args := []string{"--values", "testdata/reload-values.yaml", "--set", "metrics.port=" + port, "--set", "config.sinks.syslog[0].address=" + collector.Addr().String()}
		dir := t.TempDir()
		for path, text := range files {
			name := filepath.Join(dir, strings.ReplaceAll(path, "/", "-"))
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--set-file", "rules."+strings.ReplaceAll(path, ".", `\.`)+"="+name)
		}
		all[i] = mustSplit(t, mustRender(t, args...))
		sets[i] = find[*appsv1.StatefulSet](t, all[i], "")
	}
	if !equality.Semantic.DeepEqual(sets[0].Spec, sets[1].Spec) {
		t.Fatal("the change of rules makes a new pod")
	}
	return all[0], all[1]
}

// TestRestart holds that a pod is made anew for what riskrelay reads once, and for nothing else.
func TestRestart(t *testing.T) {
	sum := func(args ...string) string {
		set := find[*appsv1.StatefulSet](t, mustSplit(t, mustRender(t, args...)), "")
		return set.Spec.Template.Annotations["checksum/config"]
	}
	before := sum()
	for set, anew := range map[string]bool{
		"config.summary=true": true, "dropIns.a\\.yaml=log: {}": true, "drainSeconds=6": true, "context.context\\.yaml=x": true, // which riskrelay.yaml names then
		"rules.a\\.yaml=x": false, "tuning.a\\.yaml=x": false, "context.list\\.txt=x": false,
	} {
		if after := sum("--set", set); before == "" || after == "" || (before != after) != anew {
			t.Errorf("%s: %q becomes %q", set, before, after)
		}
	}
}

// listen is the collector's address, on a port of the loopback.
func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// received is the first message that comes, framed by counting octets.
func received(t *testing.T, collector net.Listener) string {
	t.Helper()
	connection, err := collector.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	from := bufio.NewReader(connection)
	var length int
	if _, err := fmt.Fscanf(from, "%d ", &length); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(from, message); err != nil {
		t.Fatal(err)
	}
	return string(message)
}

// start starts the pod's container, as it says itself, and returns the lines of its log behind the one that says it is running. The pod ends with the test, by SIGTERM, and
// must say nothing of permissions.
func start(t *testing.T, p *pod) *bufio.Scanner {
	t.Helper()
	from, to, err := os.Pipe()
	p.node.must(err)
	command := p.command(context.Background(), to)
	p.node.must(command.Start())
	p.node.must(to.Close())
	log := bufio.NewScanner(from)
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM) // Wait tells when it has ended before
		rest, _ := io.ReadAll(from)
		if err := command.Wait(); err != nil || bytes.Contains(rest, []byte("may change")) {
			t.Errorf("the pod ended with %v\n%s", err, rest)
		}
	})
	await(t, log, `"msg":"running"`)
	return log
}

// await reads the log up to a line with that text.
func await(t *testing.T, log *bufio.Scanner, text string) {
	t.Helper()
	var before []string
	for log.Scan() {
		if strings.Contains(log.Text(), text) {
			return
		}
		before = append(before, log.Text())
	}
	t.Fatalf("%q never came:\n%s", text, strings.Join(before, "\n"))
}

// TestProbes holds that riskrelay answers the probes as the kubelet asks: at the pod's address, which stands in the Host header. It
// answers Prometheus there, too, and under the names of the Service.
func TestProbes(t *testing.T) {
	const podAddress = "127.0.0.2" // an address of this machine that no configuration names
	port := free(t)
	documents := mustSplit(t, mustRender(t, "--values", "testdata/reload-values.yaml", "--set", "metrics.port="+port, "--set", "config.sinks.syslog[0].address=127.0.0.1:1"))
	p := newPod(t, documents, nil)
	pipe(p)
	start(t, p)
	container := find[*appsv1.StatefulSet](t, documents, "").Spec.Template.Spec.Containers[0]
	probes := []string{container.StartupProbe.HTTPGet.Path, container.LivenessProbe.HTTPGet.Path, container.ReadinessProbe.HTTPGet.Path, "/metrics"}
	for _, path := range probes {
		for host, want := range map[string]int{
			"": http.StatusOK, "siem-riskrelay.security.svc:" + port: http.StatusOK, "siem-riskrelay:" + port: http.StatusOK,
			"rebound.example.com": http.StatusMisdirectedRequest,
		} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+podAddress+":"+port+path, nil)
			p.node.must(err)
			request.Host = host
			response, err := http.DefaultClient.Do(request)
			p.node.must(err)
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s of %q: %s, want %d", path, host, response.Status, want)
			}
		}
	}
}

// free is a port that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
