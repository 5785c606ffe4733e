#!/bin/sh
# model.sh - models/pbft.pml under spin, a state at a time: no course forks the order, and each planted
# rule that is wrong forks it.  The states stand in the lines.
#
# usage: tests/model.sh [long]      long: whoever lies, and four views
set -u
cd "$(dirname "$0")/.."
if ! command -v spin >/dev/null 2>&1; then
	echo "skipped the model of PBFT: no spin here (tools/setup --tests installs it)"
	exit 0
fi
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# Out: $states, $seconds.  Returns: 0 no violation, 1 agreement is violated, 2 neither was found out.
# Beyond 100,000 steps deep or 6 GB it would be neither.
model() { # OPTION...
	spin -a "$@" "$root/models/pbft.pml" >out 2>&1 &&
		gcc -w -O2 -DSAFETY -DNOREDUCE -DMEMLIM=6000 -o pan pan.c >>out 2>&1 &&
		./pan -E -m100000 -w24 >out 2>said
	states=$(sed -n -E 's/^ *([0-9]+) states, stored.*/\1/p' out)
	seconds=$(sed -n -E 's/^pan: elapsed time ([0-9.]+) seconds/\1/p' out)
	! grep -q 'assertion violated' out || return 1
	grep -q 'errors: 0$' out && ! grep -q -i -E 'max search depth|limit|truncated' out && return 0
	return 2
}

holds() { # TEXT OPTION...
	text=$1
	shift
	if model "$@"; then
		echo "ok model, $text: agreement in all of $states states, $seconds s"
	else
		cat out
		echo "FAIL model, $text: $*"
	fi
}

# Of all courses, and of those that live a view after the other.
forks() { # TEXT OPTION...
	text=$1
	shift
	model "$@"
	found=$? all=$states
	model "$@" -DLAYERS
	found=$found$?
	if [ $found = 11 ]; then
		echo "ok model, planted: $text: the order forks, after $all states, in layers $states"
	else
		cat out
		echo "FAIL model, planted: $text: nothing is found: $*"
	fi
}

# Whether layers lose no course: all that can have been said in the end.
courses() { # TEXT OPTION...
	text=$1
	shift
	model "$@" -DTELL
	sort -u said >all
	model "$@" -DTELL -DLAYERS
	sort -u said >layered
	if [ -s all ] && cmp -s all layered; then
		echo "ok model, $text: in layers as in any order there are $(wc -l <all) ends of courses"
	else
		echo "FAIL model, $text: layers come to other ends ($(wc -l <all), $(wc -l <layered)): $*"
	fi
}

forks "NEW-VIEW takes the claim of the lowest view" -DLOWER
forks "a quorum of five is 2f+1" -DN=5 -DLITERAL -DVIEWS=2
forks "VIEW-CHANGE forgets views before the last" -DFORGETS
forks "backups take what a NEW-VIEW says" -DBLIND -DVIEWS=2
courses "two views over one slot, the second leader lies" -DVIEWS=2
courses "two views over one slot, the first leader lies" -DVIEWS=2 -DBYZ=0
holds "three views over one slot, the second leader lies" -DBYZ=1
holds "five members, two views over one slot" -DN=5 -DVIEWS=2
liars=1
[ "${1:-}" = long ] && liars="0 1 2 3"
for liar in $liars; do
	holds "two views over two slots, member $liar lies" -DLAYERS -DVIEWS=2 -DSLOTS=2 -DBYZ=$liar
done
[ "${1:-}" = long ] || exit 0
for liar in 0 2 3; do
	holds "three views over one slot, member $liar lies" -DBYZ=$liar
done
holds "four views over one slot, the second leader lies" -DLAYERS -DVIEWS=4
