#!/bin/sh
# vsync.sh - replicated controllers over the store of a real cell, and a switch that takes nothing old.
#
# `tests/vsync.sh long`: besides, 10^5 multicasts with 50 crashes and joins, in virtual time.
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
status=0
if [ "${1:-}" = long ]; then
	for seed in 1 2 3; do # each with faults of another kind
		EC_VSYNC_SEED=$seed EC_VSYNC_MULTICASTS=100000 EC_VSYNC_CRASHES=50 \
			build/vsync_member_random_test >build/vsync.log 2>&1 || status=1
		grep '^ok figure' build/vsync.log && continue
		cat build/vsync.log
		echo "FAIL figure virtual synchrony: 100000 multicasts, 50 crashes | 0 violations | seed $seed"
	done
fi
python3 tests/vsync.py || status=1
exit $status
