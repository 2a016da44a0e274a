#!/usr/bin/env bash
# What must not be in the source although the compiler takes it. Each rule: a reason, an extended regular expression,
# and the files it looks at. grep over the tracked files: a rule that needs to understand Go belongs in .golangci.yml.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
found=0

# forbid REASON PATTERN PATHSPEC…
forbid() {
	local reason=$1 pattern=$2 hits
	shift 2
	if hits=$(git grep -nIE --untracked -e "$pattern" -- "$@"); then
		printf '%s:\n%s\n\n' "$reason" "$hits"
		found=1
	fi
}

readonly -a not_ours=(':!scripts/forbidden.sh' ':!*.min.js' ':!*.sum' ':!*/package-lock.json')

forbid "The content security policy blocks inline style, script and handlers" \
	'[[:space:]](style|on[a-z]+|hx-on[^=]*)="|<style|<script>|js:' '*.templ'
forbid "Words that promise what the product does not know" \
	'[Cc]ompliance score|[Cc]ompliance percentage' '*.go' '*.templ' '*.md' ':!*_test.go' "${not_ours[@]}"
forbid "Unfinished work is an issue, not a comment" \
	'(TODO|FIXME|XXX)\b' '*.go' '*.templ' '*.css' '*.js' '*.sh' '*.sql' "${not_ours[@]}"
forbid "Paths of one machine" \
	'/(root|home)/[a-z]|/work/' . "${not_ours[@]}"
forbid "Raw HTML past the template's escaping" \
	'templ\.Raw\(' '*.go' '*.templ' ':!*_templ.go' ':!*_test.go'
forbid "Conflict markers" \
	'^(<<<<<<<|>>>>>>>) ' . "${not_ours[@]}"
exit $found
