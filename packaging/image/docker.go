package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// image is the image of the architecture with these files, of Docker's format (schema 2, version 2), as OCI's knows no healthcheck.
func (j job) image(arch string, files []file) (v1.Image, error) {
	content, err := j.pack(files)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: j.time}, CreatedBy: "packaging/image of riskrelay"},
	})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created = arch, "linux", v1.Time{Time: j.time}
	config.Config = j.config()
	return mutate.ConfigFile(image, config)
}

// config is how the image runs.
func (j job) config() v1.Config {
	program := "/usr/bin/riskrelay"
	return v1.Config{
		User:       fmt.Sprintf("%d:%d", user, user), // numbers, as Kubernetes' runAsNonRoot can't judge names
		Env:        []string{"PATH=/usr/bin"},
		Entrypoint: []string{program},
		Cmd:        []string{"run"},
		Volumes:    map[string]struct{}{"/var/lib/riskrelay": {}},
		StopSignal: "SIGTERM",
		// That it can't deliver for a while is no reason to call it broken, and to have it started anew: it is asked whether it runs.
		Healthcheck: &v1.HealthConfig{
			Test:        []string{"CMD", program, "status", "--running"},
			Interval:    30 * time.Second,
			Timeout:     10 * time.Second,
			StartPeriod: time.Minute,
			Retries:     3,
		},
		Labels: map[string]string{ // https://github.com/opencontainers/image-spec/blob/main/annotations.md
			"org.opencontainers.image.title":         "riskrelay",
			"org.opencontainers.image.description":   "SIEM forwarder for Azure AD (Entra ID) and Key Vault logs that tags every event with risk",
			"org.opencontainers.image.url":           "https://github.com/riskrelay/riskrelay",
			"org.opencontainers.image.source":        "https://github.com/riskrelay/riskrelay",
			"org.opencontainers.image.documentation": "https://github.com/riskrelay/riskrelay/blob/main/packaging/README.md",
			"org.opencontainers.image.licenses":      "Apache-2.0",
			"org.opencontainers.image.vendor":        "The riskrelay authors",
			"org.opencontainers.image.version":       j.version,
			"org.opencontainers.image.revision":      j.revision,
			"org.opencontainers.image.created":       j.time.Format(time.RFC3339),
		},
	}
}

// pack writes the files as tar.
func (j job) pack(files []file) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, f := range files {
		header, err := tar.FileInfoHeader(info{f, j.time}, "")
		if err != nil {
			return nil, err
		}
		header.Name, header.Uid, header.Gid = f.path, f.uid, f.gid
		if f.mode.IsDir() {
			header.Name += "/"
		}
		if err := t.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.content); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), t.Close()
}

// info is a file as package tar asks for it.
type info struct {
	file
	time time.Time
}

func (i info) Name() string       { return i.path }
func (i info) Size() int64        { return int64(len(i.content)) }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.time }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
