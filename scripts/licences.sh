#!/usr/bin/env bash
# The licences of what is linked into the binary. Without an argument: a line for each module, for NOTICE. With "texts":
# their full texts, which a binary has to be handed out with; the image is built with them.
set -euo pipefail
cd "$(dirname "$0")/.."

modules() {
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/assay | sort -u
}

# kind FILES… names the licence that these files hold.
kind() {
	local text
	text=$(cat "$@" | tr -s '[:space:]' ' ')
	case $text in
	*'Apache License'*) echo 'Apache-2.0' ;;
	*'Permission is hereby granted, free of charge'*) echo 'MIT' ;;
	*'Neither the name'*) echo 'BSD-3-Clause' ;;
	*'Redistribution and use in source and binary forms'*) echo 'BSD-2-Clause' ;;
	*) echo "a licence this script does not know: $*" >&2 && return 1 ;;
	esac
}

while read -r path version dir; do
	mapfile -t files < <(find "$dir" -maxdepth 1 -type f \( -iname 'license*' -o -iname 'licence*' -o -iname 'copying*' -o -iname 'notice*' \) | sort)
	if [[ ${1:-} == texts ]]; then
		printf '==== %s %s\n\n' "$path" "$version"
		cat "${files[@]}"
		printf '\n'
	else
		mapfile -t licences < <(printf '%s\n' "${files[@]}" | grep -vi '/notice')
		printf '%s %s\n' "$path" "$(kind "${licences[@]}")"
	fi
done < <(modules)

if [[ ${1:-} == texts ]]; then
	printf '==== The Go standard library\n\n'
	cat "$(go env GOROOT)/LICENSE"
	printf '\n==== Files in static/\n\n'
	cat static/THIRD_PARTY.md static/fonts/OFL.txt static/pdfjs/LICENSE*
fi
