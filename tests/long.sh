#!/bin/sh
# long.sh - what takes too long for every change: `./test long`.  Ends with a table of every figure.
#
# A step prints `ok figure TEXT | GOAL | MEASURED`, or `FAIL figure ...` when the goal is not reached.
# What is judged by a check without a number has a row here.  ./test itself comes last.
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

row() { # CHECK TEXT GOAL MEASURED: the figure is reached when the check was passed
	if grep -q "^ok $1" "$log"; then
		echo "ok figure $2 | $3 | $4" >>"$log"
	else
		echo "FAIL figure $2 | $3 | not $4" >>"$log"
		status=1
	fi
}

short() { # all steps as a change must pass them: how long they take
	tests/all.sh >"$part" 2>&1 || status=1
	cat "$part"
	grep ' figure ./test' "$part" >>"$log"
}

step tests/debian.sh
step tests/figures.sh fresh idle
step tests/day.sh
step tests/join.sh
step tests/recovery.sh
step tests/changes.sh
step tests/wiped.sh 64
step tests/tail.sh
step tests/vsync.sh long
step tests/seeds.sh 2000
step tests/model.sh long
step tests/finals.sh 10000
step tests/power.sh 50
step tests/beside.sh
step tests/manifests.sh
step tests/figures.sh bench leaderless
row '2000 worlds of pbft' 'sim, 2000 worlds: faults, rules and twins that never fired' none none
row 'raft: a leader answers reads without a round: it is found' 'histories of real clusters: a planted bug' found found
row 'power: without fdatasync' 'power cuts with fdatasync stubbed out' noticed noticed
short

echo
sed -n -E 's/^(ok|FAIL) figure (.*)$/\1 | \2/p' "$log" | awk -F ' [|] ' '
	{ printf "   %-11s  %-66s  %-46s  %s\n", $1 == "ok" ? "" : "NOT REACHED", $2, $3, $4 }
	BEGIN { printf "   %-11s  %-66s  %-46s  %s\n", "", "figure", "goal", "measured" }'
exit $status
