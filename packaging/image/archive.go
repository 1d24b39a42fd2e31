package main

import (
	"archive/tar"
	"errors"
	"io/fs"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// platformImage is the image of an architecture.
type platformImage struct {
	arch  string
	image v1.Image
}

// save writes an archive as `docker save` does, which docker and podman load.
func (j job) save(path string, image v1.Image) error {
	tag, err := name.NewTag("riskrelay:" + j.tag())
	if err != nil {
		return err
	}
	return whole(path, func(f *os.File) error { return tarball.Write(tag, image, f) })
}

// saveAll writes one archive with the images of all architectures, to be copied into a registry as one: a layout of OCI
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md) around a manifest list of Docker's format.
func (j job) saveAll(path string, images []platformImage) error {
	list := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for _, i := range images {
		list = mutate.AppendManifests(list, mutate.IndexAddendum{
			Add:        i.image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: i.arch}},
		})
	}
	dir, err := os.MkdirTemp("", "riskrelay-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder for temporary files that stays behind does no harm
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	named := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": j.tag()})
	if err := written.AppendIndex(list, named); err != nil {
		return err
	}
	return whole(path, func(f *os.File) error { return j.packLayout(f, os.DirFS(dir)) })
}

// packLayout writes a folder as tar, without owners and with one time.
func (j job) packLayout(f *os.File, dir fs.FS) error {
	t := tar.NewWriter(f)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: j.time}); err != nil {
			return err
		}
		_, err = t.Write(content)
		return err
	})
	return errors.Join(err, t.Close())
}

// whole writes a file that has its name only once it is whole.
func whole(path string, write func(*os.File) error) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}
