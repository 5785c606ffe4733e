#!/bin/sh
# unit.sh - every unit test under gcc (release), gcc with ASan and UBSan, and clang (release); as a
# step of the whole ./test, clang only builds the programs: its warnings are errors, too; and the sanitizers leave out what lives
# many worlds or all courses of a small one, which other tests of the same code do in less: `./test unit` has all.
set -u
cd "$(dirname "$0")/.."
status=0
for preset in release clang asan; do
	dir=build
	[ $preset = release ] || dir=build-$preset
	programs=
	[ $preset = clang ] && [ -n "${EC_TEST_SHORT:-}" ] && programs=programs
	if ! tools/build $preset $programs; then
		echo "FAIL build with preset $preset"
		status=1
		continue
	fi
	echo "ok build with preset $preset"
	[ $preset = clang ] && [ -n "${EC_TEST_SHORT:-}" ] && continue
	log=$(mktemp)
	leave=
	[ $preset = asan ] && [ -n "${EC_TEST_SHORT:-}" ] &&
		leave='_(random|hostile|bug|small|brute)_test|member_(load|switch|transfer|revise|change|random_eras)_test|history_long_test|sim_(oracle|revisable|adversary|ledger|world|twins)_test'
	# shellcheck disable=SC2086 # two words or none
	(cd $dir && ctest --output-on-failure -j3 ${leave:+-E "$leave"}) >"$log" 2>&1 || status=1
	sed -n -E 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*Passed.*/ok '$preset' \1/p;
	           s/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*\*\*\*.*/FAIL '$preset' \1/p' "$log"
	grep -q '\*\*\*' "$log" && grep -v -E '^ *[0-9]+/[0-9]+ Test|^ +Start' "$log" | head -n 80
	grep -h '^skipped ' "$dir"/Testing/Temporary/LastTest.log 2>/dev/null | sort -u
	rm -f "$log"
done
exit $status
