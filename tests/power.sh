#!/bin/sh
# power.sh - power cuts on disks that forget what was not synced; and that the test would notice.
#
# usage: tests/power.sh [CUTS]     default 50; 5 as a step of the whole ./test
set -u
cd "$(dirname "$0")/.."
tools/build release || { echo "FAIL build with preset release"; exit 1; }
status=0
usual=50
[ -z "${EC_TEST_SHORT:-}" ] || usual=5
python3 tests/power.py --cuts "${1:-$usual}" || status=1
python3 tests/power.py --cuts 5 --nosync || status=1
exit $status
