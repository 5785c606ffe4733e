#!/bin/sh
# tsan.sh - no data race: what has threads (log, workers, links, doors) under ThreadSanitizer, in
# its unit tests and as a cell of four with clients; and that a race would be seen.
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

judge() { # TEXT: good if no report was written
	for report in "$work"/race.*; do
		[ -e "$report" ] || { echo "ok $1"; return; }
		echo "FAIL $1"
		head -n 60 "$report"
		rm -f "$work"/race.*
		status=1
		return
	done
}

cell() { # TEXT OPTION...
	text=$1
	shift
	if ! build-tsan/edgecord bench --clients 8 --seconds 3 --dir "$work/cell" "$@" \
		>"$work/out" 2>&1; then
		echo "FAIL $text: the members agree"
		tail -n 20 "$work/out"
		status=1
	fi
	judge "$text: no race"
}

tools/build tsan threaded || { echo "FAIL build with preset tsan"; exit 1; }
export TSAN_OPTIONS="log_path=$work/race exitcode=66"

gcc -fsanitize=thread -g -o "$work/racer" tests/race.c -lpthread
if "$work/racer" || [ -z "$(ls "$work"/race.* 2>/dev/null)" ]; then
	echo "FAIL a planted race is seen"
	exit 1
fi
echo "ok a planted race is seen"
rm -f "$work"/race.*

if ! (cd build-tsan && ctest --output-on-failure -j2 -R '^(node|doors)_' \
	-E '_(segments|config|json|wire|abuse|hostile)_') >"$work/out" 2>&1; then
	echo "FAIL the tests of node and doors"
	tail -n 60 "$work/out"
	status=1
fi
judge "the tests of node and doors: no race"
cell "a cell of signed envelopes" --mode signed --depth 4
cell "a cell over REST" --mode ledger --rest
exit $status
