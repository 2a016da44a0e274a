#!/usr/bin/env bash
# Prints the figures of doc/performance.md from one run on one machine: only ratios between its lines mean anything.
# BENCH_CONTROLS=5000 makes it a quick look; the figures that count have 100,000 controls, 200,000 evidence items and
# 600,000 leaves; BENCH_FILES=200 makes the binder of 10,000 files (5 GiB, three times on disk) a small one, and
# BENCH_ROWS=100000 the population of a million rows. What is generated stays in .cache/bench. RUN=TestNumbers/sqlite/pages takes a part.
set -euo pipefail
cd "$(dirname "$0")/.."

make -s build
printf '%s, %s cores, %s\n' "$(go version)" "$(getconf _NPROCESSORS_ONLN)" "$(uname -srm)"
ASSAY_BENCH=${BENCH_CONTROLS:-100000} ASSAY_BENCH_FILES=${BENCH_FILES:-10000} ASSAY_BENCH_ROWS=${BENCH_ROWS:-1000000} exec go test -run "${RUN:-Numbers}" -count=1 -timeout 60m -v "$@" ./internal/bench
