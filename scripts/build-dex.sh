#!/usr/bin/env bash
# Builds the Dex identity provider that the sign-in tests talk to, into .cache/bin.
# `go install` refuses Dex (its go.mod has a replace directive), so it is a tool of a module of its own, which also
# keeps its dependencies out of the product's. Without cgo it lacks SQLite storage, which the tests do not use.
set -euo pipefail
cd "$(dirname "$0")/../internal/testpeers/dex"

bin=$PWD/../../../.cache/bin
mkdir -p "$bin"
if [[ ! $bin/dex -nt go.sum ]]; then
	echo "Building Dex, which takes a minute or two the first time."
	CGO_ENABLED=0 go build -mod=readonly -o "$bin/dex" github.com/dexidp/dex/cmd/dex
fi
