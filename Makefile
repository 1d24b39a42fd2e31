# Everything a developer or CI runs. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
include packaging/packaging.mk
TOOLS := -modfile=.ci/tools.mod
KUSTO := host/source/loganalytics/testdata/kusto
FUZZTIME ?= 10s

# Tests, checks and packages compile alike, so that each finds in Go's cache what another has built.
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -trimpath)
check lint: export CGO_ENABLED := 0

.PHONY: help build test test-deps campaign soak-rules shape check lint fmt fuzz bench bench-rules demo generate tidy

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/riskrelay, static
	@[ -x bin/riskrelay ] || echo "building riskrelay: the first time this downloads and compiles its dependencies, without a word for a few minutes"
	CGO_ENABLED=0 $(GO) build -ldflags "-s -w -X main.version=$$(packaging/version)" -o bin/riskrelay ./host/cmd/riskrelay

test-deps: ## install what tests need and Go can't bring: rsyslog, syslog-ng, Node.js (apt-get), the KQL parser and readers of syslog (npm)
	.ci/test-deps

test: test-deps ## run all tests with the race detector (installs their needs first)
	$(GO) test -race -shuffle=on -timeout 90m ./...
	$(GO) -C packaging/prometheus/test test ./...

FAULTS ?= 1000

campaign: ## FAULTS (1000) kills and faults during 1,000 events each to three sinks, and kill -9 three times at each failpoint (half an hour)
	RISKRELAY_CAMPAIGN=$(FAULTS) $(GO) test -count=1 -timeout 6h -parallel 4 -run 'TestCampaign|TestFailpoints' -v ./host/e2e

soak-rules: ## the long tests of rules in full: 1,000 reloads under load, the index against every rule on 100,000 pairs
	RISKRELAY_SOAK=full $(GO) test -race -count=1 -timeout 20m -run TestReloads -v ./host/rulehost
	RISKRELAY_PAIRS=100000 $(GO) test -count=1 -run TestIndexAgrees -v ./enrich/celrule

shape: ## what packages look like: lines of code, files, uses from file to file and back, exported names
	$(GO) run .ci/shape/*.go

check: lint ## what CI checks besides tests: format, vet (for Windows and macOS too), linters, sizes of packages, generated files, go.mod, rules
	$(GO) vet ./...
	$(GO) vet -tags man ./host/cmd/riskrelay
	GOOS=windows $(GO) build ./...
	GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) build ./...
	GOOS=darwin $(GO) vet ./...
	$(GO) run .ci/shape/*.go -check
	.ci/unchanged "generated files are stale: run make generate" $(MAKE) -s generate
	.ci/unchanged "go.mod or go.sum isn't tidy: run make tidy" $(MAKE) -s tidy
	$(GO) run ./host/cmd/riskrelay rules lint
	$(GO) run ./host/cmd/riskrelay rules test
	$(GO) run ./host/cmd/riskrelay rules coverage --min 100 --guide

lint: ## gofumpt and golangci-lint
	@unformatted=$$($(GO) tool $(TOOLS) gofumpt -l $$(git ls-files --cached --others --exclude-standard '*.go' | grep -v '\.pb\.go$$')); \
	  if [ -n "$$unformatted" ]; then echo "run make fmt: $$unformatted"; exit 1; fi
	$(GO) tool $(TOOLS) golangci-lint run --config .ci/golangci.yml ./...
	@linter=$$($(GO) tool $(TOOLS) -n golangci-lint); for module in packaging/image packaging/release packaging/prometheus/test; do \
	  (cd $$module && $$linter run --config $(CURDIR)/.ci/golangci.yml ./...); done

fmt: ## format the code
	$(GO) tool $(TOOLS) gofumpt -w $$(git ls-files --cached --others --exclude-standard '*.go' | grep -v '\.pb\.go$$')

fuzz: ## run every fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)

bench: ## benchmarks: decode, tag, encode, the whole pipeline against its floor, and its cost from ten thousand to ten million events
	$(GO) test -run '^$$' -bench . -skip 'Floor|Flat' -benchmem ./enrich/... ./host/... ./plugin/...
	$(GO) test -run '^$$' -bench 'Floor|Flat' -benchtime 5x -timeout 30m ./host

bench-rules: ## what rules cost: 10 to 10,000 of them, with the index and without, against the pipeline without rules
	$(GO) run ./host/rulebench

demo: build ## the main job without Azure, in a minute; KEEP=1 keeps it running
	bin/riskrelay demo $(if $(KEEP),--keep)

generate: ## write generated files anew
	$(GO) generate ./...

tidy: ## tidy go.mod
	$(GO) mod tidy
