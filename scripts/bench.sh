#!/usr/bin/env bash
# Prints the figures of doc/performance.md: every benchmark of the repository, from one run on one machine.
# Only ratios between lines of one run mean anything; the machine is named first.
set -euo pipefail
cd "$(dirname "$0")/.."

printf '%s, %s cores, %s\n' "$(go version)" "$(getconf _NPROCESSORS_ONLN)" "$(uname -srm)"
exec go test -run '^$' -bench "${BENCH:-.}" -benchmem -timeout 60m "$@" ./...
