// Command image builds container images of riskrelay from programs and files that are there already: no base image, no shell, no
// package of a distribution, and no root to build it. The same commit and the same Go give the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// job is what to build: all paths are absolute.
type job struct {
	source   string // the repository
	out      string // where bin/ and stage/ are, and the archives go
	version  string
	revision string // the commit
	time     time.Time
	arches   []string
}

func main() {
	var j job
	flag.StringVar(&j.source, "source", "", "the repository")
	flag.StringVar(&j.out, "out", "", "folder with bin/riskrelay-linux-ARCH and stage/, and of the archives")
	flag.StringVar(&j.version, "version", "", "version of riskrelay")
	flag.StringVar(&j.revision, "revision", "", "commit of riskrelay")
	seconds := flag.Int64("time", 0, "time of all files, in seconds since 1970")
	flag.Parse()
	j.time, j.arches = time.Unix(*seconds, 0).UTC(), flag.Args()
	if err := j.run(); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/image:", err)
		os.Exit(1)
	}
}

// run writes an archive an architecture, and one that holds them all.
func (j job) run() error {
	if j.source == "" || j.out == "" || j.version == "" || len(j.arches) == 0 {
		return errors.New("-source, -out, -version and at least one architecture are needed")
	}
	var images []platformImage
	for _, arch := range j.arches {
		files, err := j.tree(arch)
		if err != nil {
			return err
		}
		image, err := j.image(arch, files)
		if err != nil {
			return err
		}
		if err := j.save(j.archive(arch), image); err != nil {
			return err
		}
		images = append(images, platformImage{arch, image})
	}
	return j.saveAll(j.archive("all"), images)
}

// archive is the path of an architecture's archive.
func (j job) archive(arch string) string {
	return filepath.Join(j.out, fmt.Sprintf("riskrelay-image-%s-%s.tar", j.version, arch))
}

// tag is the version as a tag may be written: https://github.com/opencontainers/distribution-spec allows no plus.
func (j job) tag() string { return strings.ReplaceAll(j.version, "+", "-") }
