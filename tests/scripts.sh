#!/bin/sh
# scripts.sh - every script of every protocol: what is done and all that happens.  Where a script says
# `# Planted bug N breaks PROPERTY here.`, it must do so.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
breaks() { # PROTOCOL SCRIPT BUG PROPERTY
	build/edgecord-sim --protocol "$1" --script "$2" --bug "$3" >"$log" 2>&1
	if [ $? -eq 1 ] && grep -q -F "$2: $4: " "$log"; then
		echo "ok bug $3 of $1 breaks $4 in $2"
	else
		cat "$log"
		echo "FAIL bug $3 of $1 breaks $4 in $2"
	fi
}
for script in $(find src -path '*/scripts/*.txt' | sort); do
	protocol=$(basename "$(dirname "$(dirname "$script")")")
	[ "$protocol" = sim ] && protocol=sequencer
	[ "$protocol" = scripts ] && protocol=$(basename "$(dirname "$script")")
	if build/edgecord-sim --protocol "$protocol" --script "$script" >"$log" 2>&1; then
		echo "ok script $script"
	else
		cat "$log"
		echo "FAIL script $script: build/edgecord-sim --protocol $protocol --script $script"
	fi
	bug=$(sed -n 's/^# Planted bug \([0-9]*\) breaks .* here\.$/\1/p' "$script")
	property=$(sed -n 's/^# Planted bug [0-9]* breaks \(.*\) here\.$/\1/p' "$script")
	[ -z "$bug" ] || breaks "$protocol" "$script" "$bug" "$property"
done
