#!/bin/sh
# fuzz.sh - every fuzz target over its corpus, src/MODULE/fuzz/NAME/, then for a while on its own.
#
# usage: tests/fuzz.sh              two targets at a time
#        tests/fuzz.sh --one FILE   one that is built
# EDGECORD_FUZZ_SECONDS: how long each (10; 1 as a step of the whole ./test).  What it finds lands in build-fuzz/found/NAME/.
set -u
cd "$(dirname "$0")/.."
usual=10
[ -z "${EC_TEST_SHORT:-}" ] || usual=1
seconds=${EDGECORD_FUZZ_SECONDS:-$usual}
if ! command -v clang >/dev/null 2>&1; then
	echo "skipped fuzz targets: clang is not installed"
	exit 0
fi

one() { # SOURCE
	name=$(basename "$1" _fuzz.c)
	corpus=$(dirname "$1")/fuzz/$name
	found=build-fuzz/found/$name
	log=build-fuzz/$name.log
	mkdir -p "$found/corpus"
	if [ ! -d "$corpus" ]; then
		echo "FAIL $1 has no corpus $corpus"
		return 1
	fi
	# Each file once, then new ones; what is new stays out of the tree.
	if build-fuzz/"${name}_fuzz" "$corpus"/* >"$log" 2>&1 &&
	   build-fuzz/"${name}_fuzz" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 \
	   	-artifact_prefix="$found/" "$found/corpus" "$corpus" >"$log" 2>&1; then
		runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
		echo "ok $name: $(find "$corpus" -type f | wc -l) files, then $runs inputs in $seconds s"
		return 0
	fi
	tail -n 30 "$log"
	echo "FAIL $name, see $log and $found"
	return 1
}

if [ "${1:-}" = --one ]; then
	one "$2"
	exit
fi
tools/build fuzz || { echo "FAIL build with preset fuzz"; exit 1; }
find src -name '*_fuzz.c' | sort | xargs -n 1 -P 2 tests/fuzz.sh --one
