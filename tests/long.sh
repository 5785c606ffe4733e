#!/bin/sh
# long.sh - what takes too long for every change: `./test long`.  Ends with a table of every figure.
#
# A step prints `ok figure TEXT | GOAL | MEASURED`, or `FAIL figure ...` when the goal is not reached.
set -u
cd "$(dirname "$0")/.."
unset EC_TEST_SHORT
status=0
log=$(mktemp)
part=$(mktemp)
trap 'rm -f "$log" "$part"' EXIT

step() { # COMMAND...
	"$@" >"$part" 2>&1 || status=1
	cat "$part"
	cat "$part" >>"$log"
}

step tests/figures.sh fresh idle
step tests/day.sh
step tests/join.sh
step tests/wiped.sh 64
step tests/seeds.sh 2000
step tests/power.sh 50
step tests/figures.sh bench

echo
sed -n -E 's/^(ok|FAIL) figure (.*)$/\1 | \2/p' "$log" | awk -F ' [|] ' '
	{ printf "   %-11s  %-66s  %-46s  %s\n", $1 == "ok" ? "" : "NOT REACHED", $2, $3, $4 }
	BEGIN { printf "   %-11s  %-66s  %-46s  %s\n", "", "figure", "goal", "measured" }'
exit $status
