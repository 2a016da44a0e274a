#!/usr/bin/env bash
# All that can be said of the source without running it. Goes on after a failure, so that one run names them all.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

scripts/install-tools.sh lint || exit 1
failed=0

# step NAME COMMAND…: quiet when all is well.
step() {
	local name=$1 out started=$SECONDS
	shift
	if out=$("$@" 2>&1); then
		printf '%-46s ok   %3ds\n' "$name" $((SECONDS - started))
	else
		printf '%-46s FAIL %3ds\n%s\n' "$name" $((SECONDS - started)) "$out"
		failed=1
	fi
}

# shellcheck disable=SC2317 # step calls it
# Generates in place and compares with what was there, so that it also tells on a tree with uncommitted work.
generated() {
	local before after
	before=$(checksums)
	go tool -modfile=tools.mod templ generate || return 1
	after=$(checksums)
	diff <(echo "$before") <(echo "$after") ||
		{ echo "These files were not what their .templ file says. They are now: commit them."; return 1; }
}

# shellcheck disable=SC2317 # generated calls it
checksums() {
	git ls-files -z --cached --others --exclude-standard -- '*_templ.go' | sort -z | xargs -0r sha256sum 2>&1
}

step "templ: generated code is current" generated
step "go.mod and go.sum are tidy" go mod tidy -diff
step "go vet" go vet ./...
step "golangci-lint: formatting" .cache/bin/golangci-lint fmt --diff
step "golangci-lint: rules" .cache/bin/golangci-lint run --timeout 15m
step "shellcheck" shellcheck scripts/*.sh .ci/run
step "forbidden words" scripts/forbidden.sh
exit $failed
