#!/bin/sh
# scripts.sh - every script of every protocol: what is done and all that happens.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for script in $(find src -path '*/scripts/*.txt' | sort); do
	protocol=$(basename "$(dirname "$(dirname "$script")")")
	[ "$protocol" = sim ] && protocol=sequencer
	if build/edgecord-sim --protocol "$protocol" --script "$script" >"$log" 2>&1; then
		echo "ok script $script"
	else
		cat "$log"
		echo "FAIL script $script: build/edgecord-sim --protocol $protocol --script $script"
	fi
done
