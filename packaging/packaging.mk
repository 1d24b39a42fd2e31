# How riskrelay gets onto a machine. A part of `packages` or of `test-packages` is a target of its own that they name here.
DIST := dist
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)

.PHONY: packaging-deps packages binaries linux-packages test-packages test-linux-packages test-reproducible size chart test-chart

packaging-deps: ## install what building and testing packages needs beside Go (apt-get)
	@packaging/deps

packages: binaries linux-packages chart ## build all that is released into dist/

binaries: ## static programs for linux (amd64, arm64), windows and darwin (amd64) in dist/bin
	packaging/binaries $(DIST) linux/amd64 linux/arm64 windows/amd64 darwin/amd64

linux-packages: binaries packaging-deps ## deb and rpm for amd64 and arm64 in dist/
	packaging/linux/stage $(DIST)
	packaging/linux/build $(DIST)

chart: ## the Helm chart in dist/
	mkdir -p $(DIST)
	packaging/chart/build $(DIST)

test-packages: packages test-linux-packages test-chart ## try what `make packages` built: linters, version order, installed on a booted machine

test-linux-packages: packaging-deps
	packaging/test/versions
	packaging/test/lint $(DIST)
	packaging/test/packages $(DIST)

test-chart: packaging-deps chart ## try the Helm chart: Helm, schemas of Kubernetes, Pod Security, Prometheus, riskrelay in its pod (as root)
	packaging/test/chart $(DIST)

test-reproducible: ## build the binary, deb, rpm and chart of amd64 twice, in two folders with caches of their own, and compare
	packaging/test/reproducible

size: ## what weighs in the program: ours, the emulators of `riskrelay demo`, the heaviest dependencies
	@packaging/size
