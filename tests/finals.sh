#!/bin/sh
# finals.sh - many worlds of ghostdag with loss and crashes: no two members may have conflicting FINALs in
# the third that keeps the delay bound, nor in the third that pins; in the last third they are counted.
#
# usage: tests/finals.sh [COUNT]      default 10000
set -u
cd "$(dirname "$0")/.."
tools/build release edgecord-sim || { echo "FAIL build with preset release"; exit 1; }
count=${1:-10000}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

figure() { # CONDITION TEXT GOAL MEASURED
	if [ "$1" -eq 1 ]; then echo "ok figure $2 | $3 | $4"; else echo "FAIL figure $2 | $3 | $4"; fi
}

conflicts() { # REST: of seeds with it by 3, those whose members disagree on what is final
	awk -v rest="$1" '/^seed [0-9]+: agreement/ && $2 % 3 == rest { n++ } END { print n + 0 }' "$log"
}

build/edgecord-sim --protocol ghostdag --seeds "$count" >"$log" 2>&1
clean=$?
ran=$(sed -n -E 's/^([0-9]+) worlds, .*/\1/p' "$log")
if [ $clean -eq 0 ] && [ "${ran:-0}" -eq "$count" ]; then
	echo "ok $count worlds of ghostdag: $(grep ' x real time' "$log")"
else
	cat "$log"
	echo "FAIL $count worlds of ghostdag"
fi
counted=$(sed -n -E 's/^ *([0-9]+)  conflicting FINAL beyond the bound$/\1/p' "$log")
# How many worlds a third has: seeds begin with 1.
bounded=$((count / 3)) pinned=$(((count + 2) / 3)) neither=$(((count + 1) / 3))
figure $(($(conflicts 0) == 0)) "ghostdag, $bounded worlds within the bound: conflicting FINALs" none "$(conflicts 0)"
figure $(($(conflicts 1) == 0)) "ghostdag, $pinned worlds with pins: conflicting FINALs" none "$(conflicts 1)"
figure $((${counted:-0} > 0)) "ghostdag, $neither worlds with neither: conflicting FINALs" "counted, at least one" "${counted:-?}"
