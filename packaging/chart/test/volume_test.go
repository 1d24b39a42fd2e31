package test

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// file is one that the kubelet projects into a volume.
type file struct {
	path string // below the volume
	text string
	mode int32
}

// kubelet imitates what the kubelet does with volumes on its node, and how it replaces a ConfigMap: all files are written into a new
// folder, and then a link is swapped (AtomicWriter in k8s.io/kubernetes/pkg/volume/util). Files and folders belong to root and fsGroup.
type kubelet struct {
	t       *testing.T
	dir     string // of volumes, by name
	group   int
	written int
}

// folder is where a volume lies on the node.
func (k *kubelet) folder(volume string) string { return filepath.Join(k.dir, volume) }

// empty makes an emptyDir, or the volume of a claim.
func (k *kubelet) empty(volume string) {
	k.must(os.MkdirAll(k.folder(volume), 0o755))
	k.give(k.folder(volume), 0o777|os.ModeSetgid)
}

// project makes the files those of a volume, at once, in the place of the ones before.
func (k *kubelet) project(volume string, files []file) {
	k.t.Helper()
	top := k.folder(volume)
	if _, err := os.Stat(top); err != nil {
		k.empty(volume)
	}
	k.written++
	stamp := fmt.Sprintf("..2026_01_02_03_04_05.%d", k.written)
	k.folders(filepath.Join(top, stamp))
	firsts := map[string]bool{}
	for _, f := range files {
		k.folders(filepath.Join(top, stamp, path.Dir(f.path)))
		name := filepath.Join(top, stamp, f.path)
		k.must(os.WriteFile(name, []byte(f.text), 0o600))
		k.give(name, os.FileMode(f.mode)|0o440)
		first, _, _ := strings.Cut(f.path, "/")
		firsts[first] = true
	}
	before, _ := os.Readlink(filepath.Join(top, "..data")) // none at first
	k.must(os.Symlink(stamp, filepath.Join(top, "..data_tmp")))
	k.must(os.Rename(filepath.Join(top, "..data_tmp"), filepath.Join(top, "..data")))
	entries, err := os.ReadDir(top)
	k.must(err)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "..") && !firsts[e.Name()] {
			k.must(os.Remove(filepath.Join(top, e.Name())))
		}
	}
	for first := range firsts {
		if link := filepath.Join(top, first); !exists(link) {
			k.must(os.Symlink(path.Join("..data", first), link))
		}
	}
	if before != "" {
		k.must(os.RemoveAll(filepath.Join(top, before)))
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// folders makes a folder and those above it.
func (k *kubelet) folders(name string) {
	if exists(name) {
		return
	}
	k.folders(filepath.Dir(name))
	k.must(os.Mkdir(name, 0o755))
	k.give(name, 0o755|os.ModeSetgid)
}

func (k *kubelet) give(name string, mode os.FileMode) {
	k.must(os.Lchown(name, 0, k.group))
	k.must(os.Chmod(name, mode))
}

func (k *kubelet) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// configFiles are the files of a volume of a ConfigMap: those of items, or all.
func configFiles(from *corev1.ConfigMapVolumeSource, data map[string]string) (files []file, err error) {
	items := from.Items
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		text, ok := data[item.Key]
		if !ok {
			return nil, fmt.Errorf("the ConfigMap %s has no key %s", from.Name, item.Key)
		}
		files = append(files, file{item.Path, text, *from.DefaultMode})
	}
	return files, nil
}
