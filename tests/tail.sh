#!/bin/sh
# tail.sh - how many rounds binary agreements take under a scheduler that knows the coin, by its best
# attack, against the bound of consensus/honeybadger/aba.h.
#
# usage: tests/tail.sh [COUNT]      of agreements with each coin schedule (100000)
set -u
cd "$(dirname "$0")/.."
count=${1:-100000}
test=consensus_honeybadger_aba_liveness_test
tools/build release $test || { echo "FAIL build with preset release"; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ABA_AGREEMENTS=$count build/$test >"$log" 2>&1; then
	result=ok
else
	result=FAIL
fi
sed -n '/agreements$/,/^mean/p' "$log"
[ $result = ok ] || cat "$log"
means=$(sed -n 's/^mean \(.*\) rounds$/\1/p' "$log" | paste -sd ' ')
echo "$result figure rounds of $count agreements, pure coin and 1, 0, coin; a 20th with n = 7 | P[T > r] (r+1)/2^r; 2^-floor((r-2)/3) | mean $means"
[ $result = ok ]
