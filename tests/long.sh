#!/bin/sh
# long.sh - what takes too long for every change: `./test long`.  Shows the figures that are quoted.
set -u
cd "$(dirname "$0")/.."
status=0

bench() { # TEXT OPTIONS...: its members must agree with what it reports
	text=$1
	shift
	log=$(mktemp)
	if build/edgecord bench "$@" --seconds 10 >"$log" 2>&1; then
		cat "$log"
		echo "ok bench $text"
	else
		cat "$log"
		echo "FAIL bench $text: build/edgecord bench $*"
		status=1
	fi
	rm -f "$log"
}

tests/seeds.sh 2000 || status=1
tests/power.sh 50 || status=1
tests/wiped.sh 64 || status=1
bench "order, 256 clients" --mode order --clients 256 --depth 8
bench "ledger, 256 clients" --mode ledger --clients 256 --depth 8
bench "ledger over REST, 64 clients" --mode ledger --clients 64 --rest
bench "signed, 64 clients" --mode signed --clients 64 --depth 8
bench "signed over REST, 64 clients" --mode signed --clients 64 --rest
bench "order, one client" --mode order --clients 1
exit $status
