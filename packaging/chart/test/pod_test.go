package test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// build compiles a program of the product, static as in the image, and returns where it is.
func build(pkg string) (string, error) {
	dir, err := os.MkdirTemp("", "riskrelay-chart")
	if err != nil {
		return "", err
	}
	command := exec.Command("go", "build", "-trimpath", "-o", dir+"/", pkg)
	command.Dir, command.Env = product, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return filepath.Join(dir, filepath.Base(pkg)), nil
}

var (
	riskrelay = sync.OnceValues(func() (string, error) { return build("./host/cmd/riskrelay") })
	offhours  = sync.OnceValues(func() (string, error) { return build("./plugin/example/offhours") })
)

// pod imitates the pod of the chart's StatefulSet on this machine: a root of its own that can't be written to, with riskrelay in it as in
// the image, the volumes at their places as the kubelet fills them, the user, groups and environment of its spec. Nothing but the
// network is shared. It needs root.
type pod struct {
	t    *testing.T
	node *kubelet
	root string
	spec corev1.PodSpec
}

// newPod lays out the pod of what was rendered. What isn't rendered, the Secrets and ConfigMaps of others, comes from others.
func newPod(t *testing.T, documents []document, others map[string]string) *pod {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("a pod can be imitated by root alone, who may mount and give files away: use sudo")
	}
	spec := find[*appsv1.StatefulSet](t, documents, "").Spec.Template.Spec
	dir := t.TempDir()
	p := &pod{t: t, root: filepath.Join(dir, "root"), spec: spec, node: &kubelet{t: t, dir: filepath.Join(dir, "volumes"), group: int(*spec.SecurityContext.FSGroup)}}
	p.node.must(os.Mkdir(p.root, 0o755))
	p.node.empty("data")
	p.addZones()
	for _, v := range spec.Volumes {
		p.fill(v, documents, others)
	}
	return p
}

// fill makes a volume.
func (p *pod) fill(v corev1.Volume, documents []document, others map[string]string) {
	p.t.Helper()
	switch {
	case v.ConfigMap != nil && others[v.ConfigMap.Name] != "":
		p.node.project(v.Name, []file{{v.ConfigMap.Name + ".ndjson", others[v.ConfigMap.Name], 0o444}})
	case v.ConfigMap != nil:
		p.update(v.Name, documents)
	case v.Projected != nil:
		var files []file
		for _, source := range v.Projected.Sources {
			for _, item := range source.Secret.Items {
				text, ok := others[source.Secret.Name+"/"+item.Key]
				if !ok {
					p.t.Fatalf("the test has no Secret %s with a key %s", source.Secret.Name, item.Key)
				}
				files = append(files, file{item.Path, text, *v.Projected.DefaultMode})
			}
		}
		p.node.project(v.Name, files)
	case v.EmptyDir != nil:
		p.node.empty(v.Name)
	default:
		p.t.Fatalf("the volume %s is of a kind that isn't imitated", v.Name)
	}
}

// update is what the kubelet does when the ConfigMap of a volume has changed.
func (p *pod) update(volume string, documents []document) {
	p.t.Helper()
	for _, v := range p.spec.Volumes {
		if v.Name == volume {
			config := find[*corev1.ConfigMap](p.t, documents, v.ConfigMap.Name)
			files, err := configFiles(v.ConfigMap, config.Data)
			p.node.must(err)
			p.node.project(volume, files)
			return
		}
	}
	p.t.Fatalf("there is no volume %s", volume)
}

// mount is the script that mounts everything, and starts the program in the pod.
const mount = `set -e
root=$1 binary=$2 user=$3 groups=$4; shift 4
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir -p "$root/usr/bin" "$root/proc" "$root/dev"
cp "$binary" "$root/usr/bin/riskrelay"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  [ "$3" = rw ] || mount -o "remount,bind,$3" "$root$2"
  shift 3
done
shift
mount -o remount,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups="$groups" "$root" /usr/bin/riskrelay "$@"`

// command is riskrelay in the pod, with other arguments than the container's if there are any.
func (p *pod) command(ctx context.Context, errs io.Writer, args ...string) *exec.Cmd {
	p.t.Helper()
	binary, err := riskrelay()
	p.node.must(err)
	container, security := p.spec.Containers[0], p.spec.SecurityContext
	if len(args) == 0 {
		args = container.Args
	}
	call := []string{
		"--mount", "--propagation", "private", "sh", "-c", mount, "sh", p.root, binary,
		fmt.Sprintf("%d:%d", *security.RunAsUser, *security.RunAsGroup), strconv.FormatInt(*security.FSGroup, 10),
	}
	call = append(call, p.node.folder("zones"), "/usr/share/zoneinfo", "ro")
	for _, m := range container.VolumeMounts {
		mode := "rw"
		if m.ReadOnly {
			mode = "ro"
		}
		call = append(call, p.node.folder(m.Name), m.MountPath, mode)
	}
	command := exec.CommandContext(ctx, "unshare", append(append(call, "--"), args...)...)
	command.Stderr = errs
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "KUBERNETES_SERVICE_HOST=192.0.2.1"} // as each container has it
	for _, e := range container.Env {
		command.Env = append(command.Env, e.Name+"="+e.Value)
	}
	return command
}

// TestValidate holds that riskrelay takes its configuration, rules, Secrets and volumes as the pod of each way to run it shows them.
func TestValidate(t *testing.T) {
	others := secrets(t)
	all := ways(t)
	delete(all, "nothing set") // see TestNothingSet
	for name, values := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--values", values}
			if name == "everything" {
				args = append(args, "--set", "extraEnv[1].value="+moduleSum(t))
			}
			p := newPod(t, mustSplit(t, mustRender(t, args...)), others)
			if name == "everything" {
				p.addModule()
			}
			var errs strings.Builder
			out, err := p.command(t.Context(), &errs, "validate").Output()
			if err != nil || !strings.HasPrefix(string(out), "ok: ") || errs.String() != "" {
				t.Errorf("%v\n%s%s", err, out, &errs)
			}
		})
	}
}

// TestNothingSet holds that the chart without values says, in the pod's log, what it lacks.
func TestNothingSet(t *testing.T) {
	p := newPod(t, mustSplit(t, mustRender(t)), nil)
	var errs strings.Builder
	err := p.command(t.Context(), &errs).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(errs.String(), "sinks") {
		t.Errorf("%v\n%s", err, &errs)
	}
}
