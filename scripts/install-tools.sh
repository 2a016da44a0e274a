#!/usr/bin/env bash
# Installs what `make check` (lint) or `make test` (test) needs and this machine lacks: Debian packages if we are root,
# Go programs in .cache/bin, axe-core beside its lock file. What is there already, in the right version, stays.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly golangci=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
readonly versitygw=github.com/versity/versitygw/cmd/versitygw@v1.8.0
readonly litewitness=filippo.io/torchwood/cmd/litewitness@v0.6.1

bin=$PWD/.cache/bin
mkdir -p "$bin"

# version_of FILE: the module version a Go program was built from, nothing if it is no such program.
version_of() {
	go version -m "$1" 2>/dev/null | awk '$1 == "mod" { print $3 }'
}

# go_program PACKAGE@VERSION: builds it, or takes the developer's own copy of that very version.
go_program() {
	local package=${1%@*} version=${1#*@}
	local name=${package##*/}
	local own
	own=$(go env GOPATH)/bin/$name
	[[ $(version_of "$bin/$name") == "$version" ]] && return
	if [[ $(version_of "$own") == "$version" ]]; then
		cp "$own" "$bin/$name"
		return
	fi
	echo "Building $name $version, which takes a minute or two the first time."
	GOBIN=$bin GOFLAGS=-mod=mod go install "$1"
}

# debian COMMAND PACKAGE: installs the package if the command is missing; says what to do where we cannot.
updated=
debian() {
	local found=$1 package=$2
	[[ -n $found ]] && return
	if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
		echo "$package is missing, and installing it takes root on Debian: install it by hand, then run this again." >&2
		exit 1
	fi
	echo "Installing $package."
	[[ -n $updated ]] || apt-get update -qq
	updated=yes
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >.cache/apt.log 2>&1 ||
		{ tail -20 .cache/apt.log >&2; exit 1; }
}

first_of() {
	command -v "$@" 2>/dev/null | head -1 || true
}

case ${1-} in
lint)
	debian "$(first_of shellcheck)" shellcheck
	go_program "$golangci"
	;;
test)
	debian "$(first_of chromium chromium-browser google-chrome chrome)" chromium
	debian "$(first_of initdb)$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | head -1 || true)" postgresql
	debian "$(first_of npm)" npm
	debian "$(first_of clamd /usr/sbin/clamd)" clamav-daemon
	debian "$(first_of aiosmtpd)" python3-aiosmtpd
	go_program "$versitygw"
	go_program "$litewitness"
	scripts/build-dex.sh
	(cd internal/testpeers/axe && if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then npm ci --silent; fi)
	;;
*)
	echo "usage: scripts/install-tools.sh lint|test" >&2
	exit 2
	;;
esac
