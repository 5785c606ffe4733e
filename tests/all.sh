#!/bin/sh
# all.sh - runs the steps in order and counts.  A step is a program tests/NAME.sh that prints a line
# `ok TEXT`, `FAIL TEXT` or `skipped TEXT` a check; everything else that it prints is shown.
# All steps together, as a change must pass them, may take 20 minutes.
set -u
cd "$(dirname "$0")/.."
EDGECORD_SHARED=${EDGECORD_SHARED:-$PWD/../shared}
export EDGECORD_SHARED

# Without names: all steps, each as short as a change can wait for; those marked `alongside` in tests/steps need the
# processor alone, and run one after another at low priority beside those behind them, which mostly wait.
seconds_max=1200 all="" beside=""
steps="$*"
if [ -z "$steps" ]; then
	steps="$(sed -n -E 's/^([a-z0-9_]+).*/\1/p' tests/steps)"
	beside=" $(sed -n -E 's/^([a-z0-9_]+) alongside$/\1/p' tests/steps | tr '\n' ' ')"
	all=1 EC_TEST_SHORT=1
	export EC_TEST_SHORT
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0 failed=0 skipped=0
started=$(date +%s)

run() { # STEP [NICE...]
	step=$1
	begin=$(date +%s)
	shift
	"$@" "tests/$step.sh" >"$out/$step" 2>&1
	echo $? >"$out/$step.code"
	echo $(($(date +%s) - begin)) >"$out/$step.seconds"
}

tell() { # STEP that has ended
	code=$(cat "$out/$1.code")
	cat "$out/$1"
	p=$(grep -c '^ok ' "$out/$1")
	f=$(grep -c '^FAIL ' "$out/$1")
	s=$(grep -c '^skipped ' "$out/$1")
	if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "FAIL $1 ended with exit code $code"
		f=1
	fi
	if [ $((p + f + s)) -eq 0 ]; then
		echo "FAIL $1 checked nothing"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	echo "--- $1: $(cat "$out/$1.seconds") s"
}

for step in $steps; do
	if [ ! -x "tests/$step.sh" ]; then
		echo "test: no step '$step'; the steps are: $(sed -n -E 's/^([a-z0-9_]+).*/\1/p' tests/steps | tr '\n' ' ')" >&2
		exit 2
	fi
done
waiting="" under_way=""
for step in $steps; do
	case $beside in *" $step "*)
		waiting="$waiting $step"
		continue
		;;
	esac
	if [ -n "$waiting" ]; then
		(for quiet in $waiting; do run "$quiet" nice -n 19; done) &
		under_way="$under_way $waiting" waiting=""
	fi
	echo "--- $step"
	run "$step"
	tell "$step"
done
wait
for step in $under_way $waiting; do
	echo "--- $step, beside others"
	[ -e "$out/$step.code" ] || run "$step"
	tell "$step"
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
