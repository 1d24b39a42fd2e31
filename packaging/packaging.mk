# How riskrelay gets onto a machine. A part of `packages` or of `test-packages` is a target of its own that they name here.
DIST ?= dist
PUBLIC_KEY ?= packaging/release/riskrelay.pub
RELEASE = go -C packaging/release run .
VERSION_NOW = $(shell packaging/version)
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)

.PHONY: packaging-deps packages binaries linux-packages test-packages test-linux-packages test-reproducible size image test-image chart test-chart splunk-addon test-splunk-addon splunk-app splunk-pictures test-splunk-app test-splunk-pictures sums sign-release verify-release test-release release-check

packaging-deps: ## install what building and testing packages needs beside Go (apt-get)
	@packaging/deps

# What is released, each a target. What is done to all of them comes behind.
PARTS := binaries linux-packages image chart splunk-addon splunk-app

packages: ## build all that is released into dist/, which is emptied first, as all that lies there is released
	$(if $(filter-out / .,$(DIST)),,$(error DIST is "$(DIST)": name a folder that may be emptied))
	rm -rf $(DIST)/bin/riskrelay-* $(DIST)/stage $(DIST)/riskrelay[-_]* $(DIST)/SHA256SUMS*
	@$(MAKE) sums

binaries: ## static programs for linux (amd64, arm64), windows and darwin (amd64) in dist/bin
	packaging/binaries $(DIST) linux/amd64 linux/arm64 windows/amd64 darwin/amd64

linux-packages: binaries packaging-deps ## deb and rpm for amd64 and arm64 in dist/
	packaging/linux/stage $(DIST)
	packaging/linux/build $(DIST)

image: linux-packages ## container images for amd64 and arm64 in dist/
	packaging/image/build $(DIST)

sums: $(PARTS) ## a bill of materials for each artifact in dist/, and SHA256SUMS of all
	find $(DIST) -name '*.cdx.json' -delete
	$(RELEASE) sbom $(abspath $(DIST)) $(VERSION_NOW)
	$(RELEASE) sums $(abspath $(DIST))

sign-release: ## sign dist/SHA256SUMS with the key of minisign in RISKRELAY_SIGNING_KEY, or in the file that RISKRELAY_SIGNING_KEY_FILE names
	$(RELEASE) sign $(abspath $(DIST)) $(VERSION_NOW)

verify-release: ## check that dist/ is what was signed with the key whose public half is in PUBLIC_KEY
	$(RELEASE) verify $(abspath $(DIST)) $(abspath $(PUBLIC_KEY))

release-check: check test test-packages test-reproducible test-splunk-pictures ## all that must pass before a release

chart: ## the Helm chart in dist/
	mkdir -p $(DIST)
	packaging/chart/build $(DIST)

splunk-addon: binaries ## Splunk's add-on with the program, for Linux on x86_64, in dist/
	packaging/splunk/addon $(DIST)

test-splunk-addon:
	packaging/test/addon $(DIST)

splunk-app: ## the Splunk app in dist/
	packaging/splunk/build $(DIST)

splunk-pictures: build packaging-deps ## draw the Splunk app's dashboards in Chromium, with Splunk's own components, on a day of `riskrelay demo`
	packaging/splunk/pictures/draw

test-splunk-pictures: build packaging-deps ## the same, without writing the pictures anew: all must be drawn, and nothing may be wrong with the definitions
	KEEP=1 packaging/splunk/pictures/draw

test-packages: packages test-linux-packages test-image test-chart test-splunk-addon test-splunk-app test-release ## try what `make packages` built: linters, version order, installed on a booted machine, in a container, in an imitated pod

test-linux-packages: packaging-deps
	packaging/test/versions
	packaging/test/lint $(DIST)
	packaging/test/packages $(DIST)

test-image: packaging-deps
	packaging/test/image $(DIST)

test-release: packaging-deps
	packaging/test/release $(DIST)

test-chart: packaging-deps chart ## try the Helm chart: Helm, schemas of Kubernetes, Pod Security, Prometheus, riskrelay in its pod (as root)
	packaging/test/chart $(DIST)

test-splunk-app: splunk-app ## unpack the Splunk app and judge it as its source: files, modes, settings
	packaging/test/splunk $(DIST)

test-reproducible: ## build all of amd64 twice, in two folders with caches of their own, and compare
	packaging/test/reproducible

size: ## what weighs in the program: ours, the emulators of `riskrelay demo`, the heaviest dependencies
	@packaging/size
