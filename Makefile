# Every target is one line of a script or of Go: this file is the list of what one can ask for.
SHELL := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PKG ?= ./...

.PHONY: help build demo generate check test race endurance bench clean

help: ## what one can ask for
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/assay, static
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/assay ./cmd/assay

demo: ## the demo company on http://127.0.0.1:8080
	go run ./cmd/assay demo

generate: ## Go from the templ files
	go tool -modfile=tools.mod templ generate

check: ## format, vet, lint, generated code, go.mod, forbidden words
	scripts/check.sh

test: ## everything, on SQLite and PostgreSQL, browser included; installs what it needs (PKG=./models/... for a part)
	scripts/test.sh $(if $(RACE),-race) $(PKG)

race: ## the same under the race detector
	scripts/test.sh -race $(PKG)

endurance: ## the server killed 200 times, and what else can fail around it; minutes
	ASSAY_TEST_KILLS=100 scripts/test.sh -timeout=60m -count=1 -v ./internal/endurance

bench: ## the figures of doc/performance.md, as ratios from one run
	scripts/bench.sh

clean: ## what was built here
	rm -rf bin .cache
