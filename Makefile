# Lockstep's commands. Each prints what it runs, so any line can be run alone.
# A clean Debian or Ubuntu with Go is enough: `make up` and `make test` install
# the rest.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Pure Go, so that no C compiler is needed; the race detector alone takes one.
export CGO_ENABLED = 0

# What is slow to build is kept outside the checkout, under a name made of what
# it was built from.
CACHE    ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lockstep
TOOLS    := $(CACHE)/bin/tools-$(shell { cat internal/tools/tools.sum; go version; } | sha256sum | cut -c1-12)
TEMPORAL := $(CACHE)/bin/temporal-$(shell { cat $$(find deploy/temporal -name '*.*' -type f -not -name '*_test.go' | LC_ALL=C sort); go version; } | sha256sum | cut -c1-12)

MAINS := $(dir $(wildcard ./starter/main.go ./worker/main.go ./api/main.go ./internal/crmsim/cmd/crmsim/main.go))
RACED := $(addsuffix /...,$(wildcard ./activities ./api/rest ./internal/crm ./internal/crmsim ./internal/connect ./internal/oauth ./internal/store ./internal/stack))
SPECS   := $(abspath $(or $(LOCKSTEP_SPECS),../shared/specs))
CLIENTS := $(CACHE)/npm-$(shell { cat internal/conformance/npm/package-lock.json; node --version; } 2>/dev/null | sha256sum | cut -c1-12)

SQL   := $(wildcard internal/store/queries/*.sql)
API   := $(wildcard api/rest/openapi.yaml)

LINT   := $(TOOLS)/golangci-lint
SERVER := $(TOOLS)/oapi-codegen -config internal/tools/oapi-server.yaml
CLIENT := $(TOOLS)/oapi-codegen -config internal/tools/oapi-client.yaml

.PHONY: help
help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- Build and run

.PHONY: deps
deps: ## Install what a clean Debian or Ubuntu lacks (PostgreSQL)
	internal/tools/deps certificates postgresql

.PHONY: build
build: bin/temporal ## Build starter, worker, api, crmsim and temporal into bin/
	$(if $(MAINS),go build -o bin/ $(MAINS))

.PHONY: up
up: deps build ## Start a whole local Lockstep, run the main job once, stay up
	bin/starter up

# A hard link where the file system allows: the server is some 100 MB.
.PHONY: bin/temporal
bin/temporal: $(TEMPORAL)/temporal
	@mkdir -p bin
	[ $< -ef $@ ] || ln -f $< $@ 2>/dev/null || cp --remove-destination $< $@

$(TEMPORAL)/temporal:
	@mkdir -p $(@D)
	@echo "building the local Temporal server: minutes once, then kept in $(@D)"
	cd deploy/temporal && go build -ldflags='-s -w' -o $@.$$$$ . && mv $@.$$$$ $@

# ---- Test

# -count=1, since Go's test cache does not see the binaries that tests start;
# -vet=off, since to vet the Temporal server's 1,800 packages once is enough.
.PHONY: test
test: deps build ## Run the Go tests of all modules
	go test -count=1 -timeout=30m ./...
	cd deploy/temporal && go test -count=1 -vet=off ./...
	cd deploy/lint && go test -count=1 -vet=off ./...

.PHONY: features
features: ## Print every row of FEATURES.md (FEATURES=path) with the tests that show it
	@internal/tools/features $(FEATURES)

.PHONY: soak
soak: deps build ## Let everything happen at random for a while: FOR=10m, SEED=… for the same again
	go test ./internal/e2e -count=1 -timeout=0 -v -run '^TestSoak$$' -args -soak=$(or $(FOR),10m) $(if $(SEED),-seed=$(SEED))

.PHONY: fuzz
fuzz: deps build ## Ask the API whatever can be asked for a while: FOR=10m, SEED=… for the same again
	go test ./internal/e2e -count=1 -timeout=0 -v -run '^TestFuzz$$' -args -fuzz=$(or $(FOR),10m) $(if $(SEED),-seed=$(SEED))

.PHONY: record
record: deps build ## Record the histories that package workflows replays
	mkdir -p workflows/testdata/histories
	go test ./internal/e2e -count=1 -run '^TestRecordHistories$$' -args -record=$(abspath workflows/testdata/histories)

# CI does not run it: a time is no test. That everybody can still be measured is
# one, of internal/bench.
.PHONY: bench
bench: deps build $(CLIENTS)/node_modules/.package-lock.json ## Measure the main job, and the CRMs' established clients at it: RECORDS=100000
	go build -o bin/bench ./internal/bench
	bin/bench -records $(or $(RECORDS),100000) -modules $(CLIENTS)/node_modules

.PHONY: conformance
conformance: $(CLIENTS)/node_modules/.package-lock.json ## Hold adapters and sandbox against specifications, recordings and established clients
	cd internal/conformance && LOCKSTEP_SPECS=$(SPECS) LOCKSTEP_NODE_MODULES=$(CLIENTS)/node_modules go test -count=1 -timeout=10m
	LOCKSTEP_NODE_MODULES=$(CLIENTS)/node_modules go test -count=1 -run '^TestClients' ./internal/bench

# Written last by npm, so that an install that broke off is begun again.
$(CLIENTS)/node_modules/.package-lock.json:
	internal/tools/deps node
	@mkdir -p $(CLIENTS)
	cp internal/conformance/npm/package.json internal/conformance/npm/package-lock.json $(CLIENTS)/
	cd $(CLIENTS) && npm ci --ignore-scripts --no-audit --no-fund

.PHONY: check
check: fmt-check vet lint determinism drift tidy race ## Run all of the checks below: what must hold beside the tests

.PHONY: fmt-check
fmt-check: $(LINT) ## Check that gofumpt and gci would change nothing
	$(LINT) fmt --config internal/tools/golangci.yml --diff

.PHONY: vet
vet: ## Check with go vet, all modules
	go vet ./...
	cd deploy/temporal && go vet ./...
	cd deploy/lint && go vet ./...
	cd internal/conformance/gosalesforce && go vet ./...

.PHONY: lint
lint: $(LINT) ## Check with golangci-lint
	$(LINT) run --config internal/tools/golangci.yml --allow-parallel-runners ./...

.PHONY: determinism
determinism: $(TOOLS)/workflowcheck ## Check with workflowcheck that workflows are deterministic
	$(TOOLS)/workflowcheck -config internal/tools/workflowcheck.yaml ./...

.PHONY: drift
drift: $(TOOLS)/sqlc $(TOOLS)/oapi-codegen ## Check that generated code is what its sources generate
	$(if $(SQL),$(TOOLS)/sqlc diff --file internal/tools/sqlc.yaml)
	$(if $(API),$(SERVER) $(API) | diff -u api/rest/server.gen.go -)
	$(if $(API),$(CLIENT) $(API) | diff -u internal/client/client.gen.go -)

.PHONY: tidy
tidy: ## Check that go.mod and go.sum are tidy, all modules
	go mod tidy -diff
	cd deploy/temporal && go mod tidy -diff
	cd deploy/lint && go mod tidy -diff
	cd internal/conformance/gosalesforce && go mod tidy -diff

.PHONY: race
race: deps ## Check the packages where concurrency lives with the race detector
	internal/tools/deps cc
	CGO_ENABLED=1 go test -race -count=1 -timeout=20m $(RACED)

# ---- Generate

.PHONY: generate
generate: $(TOOLS)/sqlc $(TOOLS)/oapi-codegen ## Regenerate the code that comes from SQL and from the API document
	$(if $(SQL),$(TOOLS)/sqlc generate --file internal/tools/sqlc.yaml)
	$(if $(API),$(SERVER) -o api/rest/server.gen.go $(API))
	$(if $(API),$(CLIENT) -o internal/client/client.gen.go $(API))

.PHONY: fmt
fmt: $(LINT) ## Format the Go code
	$(LINT) fmt --config internal/tools/golangci.yml

# ---- Tools, pinned in internal/tools/tools.mod, which is no part of the product's module

$(TOOLS)/sqlc:          PACKAGE := github.com/sqlc-dev/sqlc/cmd/sqlc
$(TOOLS)/oapi-codegen:  PACKAGE := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
$(TOOLS)/workflowcheck: PACKAGE := go.temporal.io/sdk/contrib/tools/workflowcheck
$(TOOLS)/golangci-lint: PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(TOOLS)/sqlc $(TOOLS)/oapi-codegen $(TOOLS)/workflowcheck $(TOOLS)/golangci-lint:
	@mkdir -p $(@D)
	go build -ldflags='-s -w' -modfile=internal/tools/tools.mod -o $@.$$$$ $(PACKAGE) && mv $@.$$$$ $@
