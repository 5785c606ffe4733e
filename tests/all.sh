#!/bin/sh
# all.sh - runs the steps in order and counts.  A step is a program tests/NAME.sh that prints a line
# `ok TEXT`, `FAIL TEXT` or `skipped TEXT` a check; everything else that it prints is shown.
# All steps together, as a change must pass them, may take 20 minutes.
set -u
cd "$(dirname "$0")/.."
EDGECORD_SHARED=${EDGECORD_SHARED:-$PWD/../shared}
export EDGECORD_SHARED

# Without names: all steps, each as short as a change can wait for.
seconds_max=1200 all=
steps="$*"
if [ -z "$steps" ]; then
	steps="$(grep -v '^#' tests/steps)"
	all=1 EC_TEST_SHORT=1
	export EC_TEST_SHORT
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0 failed=0 skipped=0
started=$(date +%s)
for step in $steps; do
	begin=$(date +%s)
	echo "--- $step"
	if [ ! -x "tests/$step.sh" ]; then
		echo "test: no step '$step'; the steps are: $(grep -v '^#' tests/steps | tr '\n' ' ')" >&2
		exit 2
	fi
	"tests/$step.sh" >"$out" 2>&1
	code=$?
	cat "$out"
	p=$(grep -c '^ok ' "$out")
	f=$(grep -c '^FAIL ' "$out")
	s=$(grep -c '^skipped ' "$out")
	if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "FAIL $step ended with exit code $code"
		f=1
	fi
	if [ $((p + f + s)) -eq 0 ]; then
		echo "FAIL $step checked nothing"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	echo "--- $step: $(($(date +%s) - begin)) s"
done
seconds=$(($(date +%s) - started))
if [ -n "$all" ] && [ $seconds -gt $seconds_max ]; then
	echo "FAIL figure ./test, all steps with building | at most $seconds_max s on 2 cores | $seconds s"
	failed=$((failed + 1))
elif [ -n "$all" ]; then
	echo "ok figure ./test, all steps with building | at most $seconds_max s on 2 cores | $seconds s"
	passed=$((passed + 1))
fi
echo "$seconds s"
echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
