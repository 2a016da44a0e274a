#!/usr/bin/env bash
# Runs the tests with everything they talk to in place: usage scripts/test.sh [go test flags] PACKAGES.
# ASSAY_TEST_ALL turns a missing server from a skip into a failure: here, all were promised.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-tools.sh test
export ASSAY_TEST_ALL=1
export GOFLAGS="${GOFLAGS-} -mod=readonly"
# CI does not take a result from the cache: what a test asked of a server is not part of the key.
exec go test -timeout 20m ${CI:+-count=1} "$@"
