#!/bin/sh
# all.sh - runs the steps in order and counts.  A step is a program tests/NAME.sh that prints a line
# `ok TEXT`, `FAIL TEXT` or `skipped TEXT` a check; everything else that it prints is shown.
set -u
cd "$(dirname "$0")/.."
EDGECORD_SHARED=${EDGECORD_SHARED:-$PWD/../shared}
export EDGECORD_SHARED

# Without names: all steps, each as short as a change can wait for.
steps="$*"
if [ -z "$steps" ]; then
	steps="$(grep -v '^#' tests/steps)"
	EC_TEST_SHORT=1
	export EC_TEST_SHORT
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0 failed=0 skipped=0
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
[ $skipped -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
