#!/usr/bin/env bash
# Runs the tests with everything they talk to in place: usage scripts/test.sh [go test flags] PACKAGES.
# ASSAY_TEST_ALL turns a missing server from a skip into a failure: here, all were promised.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-tools.sh test
export ASSAY_TEST_ALL=1
export GOFLAGS="${GOFLAGS-} -mod=readonly"
# CI does not take a result from the cache: what a test asked of a server is not part of the key.
run() { go test -timeout 60m ${CI:+-count=1} "$@"; }

# Seeding fifteen months, nine times over, is one goroutine's work and takes SQLite ten times as long under the race
# detector: it is run without. Everything else is run with it.
if [[ $* == "-race ./..." ]]; then
	mapfile -t raced < <(go list ./... | grep -v '^assay/internal/demo$')
	failed=0
	run -race "${raced[@]}" || failed=1
	run ./internal/demo || failed=1
	exit "$failed"
fi
run "$@"
